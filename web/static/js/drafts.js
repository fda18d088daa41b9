// What an agent has chosen and typed in the form that files the case (`data-close`) survives F5; forgotten when it was
// sent. The note in it is saved on the server as well: `notes.js`.

const place = (form) => `draft ${form.dataset.case}`;

export function draftOf(form) {
  return JSON.parse(sessionStorage.getItem(place(form)) ?? "{}");
}

// Forms that are new on the page get back what was in them; returns these.
export function restore() {
  const forms = [...document.querySelectorAll("form[data-close]:not([data-restored])")];
  for (const form of forms) {
    form.dataset.restored = "";
    for (const [name, value] of Object.entries(draftOf(form))) {
      if (!form.elements[name]) continue;
      form.elements[name].value = value;
      form.elements[name].dispatchEvent(new Event("change", { bubbles: true })); // the sub-codes follow the outcome
    }
  }
  return forms;
}

export function keep(form, more = {}) {
  const fields = Object.fromEntries(new FormData(form));
  sessionStorage.setItem(place(form), JSON.stringify({ ...draftOf(form), ...fields, ...more }));
}

export function forget(form) {
  sessionStorage.removeItem(place(form));
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-close]");
  if (form) keep(form);
});
