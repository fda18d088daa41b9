// Showing what is masked (`form[data-reveal]`): the reason is sent and put on record first, then the page is read anew.
// The key V leads to the field of the reason.

import { post, tell } from "/static/js/api.js";

const form = document.querySelector("form[data-reveal]");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await post("reveals", { record: form.dataset.reveal, reason: form.elements.reason.value });
    location.reload();
  } catch (error) {
    tell(error.message);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "v" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (!form || event.target.closest?.("input, select, textarea")) return;
  event.preventDefault();
  form.elements.reason.focus();
});
