// What an agent has typed into a form that is kept (`data-close`) survives F5; forgotten when it was sent.

const place = (form) => `draft ${form.dataset.case}`;

export function restore() {
  for (const form of document.querySelectorAll("form[data-close]:not([data-restored])")) {
    form.dataset.restored = "";
    const draft = JSON.parse(sessionStorage.getItem(place(form)) ?? "{}");
    for (const [name, value] of Object.entries(draft)) {
      if (form.elements[name]) form.elements[name].value = value;
    }
  }
}

export function forget(form) {
  sessionStorage.removeItem(place(form));
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-close]");
  if (form) sessionStorage.setItem(place(form), JSON.stringify(Object.fromEntries(new FormData(form))));
});
