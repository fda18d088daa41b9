// The sub-codes of the outcome that is chosen; without any the choice is not shown. A code is asked for where there is
// one, by this page alone: programs may leave it out.

import { get } from "/static/js/api.js";

const place = document.getElementById("codes");
let codes = JSON.parse(place?.textContent ?? "[]");

// Somebody has changed them while this page is open.
export async function readCodes(form) {
  const lang = document.documentElement.lang.slice(0, 2);
  const { items } = await get("dispositions");
  codes = items.filter((one) => one.active).map((one) => ({ ...one, word: lang === "zh" ? one.zh : one.en }));
  fillCodes(form);
}

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
