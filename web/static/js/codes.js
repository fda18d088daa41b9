// The sub-codes of the outcome that is chosen; without any the choice is not shown. A code is asked for where there is
// one, by this page alone: programs may leave it out.

const place = document.getElementById("codes");
const codes = JSON.parse(place?.textContent ?? "[]");

export function fillCodes(form) {
  const select = form?.querySelector("[data-codes]");
  if (!select) return;
  const chosen = select.value;
  const fitting = codes.filter((one) => one.outcome === form.elements.outcome.value);
  select.replaceChildren(new Option("", ""), ...fitting.map((one) => new Option(one.word, one.code)));
  select.value = fitting.some((one) => one.code === chosen) ? chosen : "";
  select.required = fitting.length > 0;
  select.closest("label").hidden = fitting.length === 0;
}
