// Handing a sheet in (`form[data-upload]`): sent as it is, with a bar that shows how much has gone. And an import at work
// (`[data-import]`): how far it is, asked every second; when it has come to its next state, the page is read anew.

import { tell } from "/static/js/api.js";

const EVERY = 1000;
const form = document.querySelector("form[data-upload]");
const working = document.querySelector("[data-import]");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const [file] = form.elements.file.files;
  const bar = form.querySelector("progress");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest(); // fetch does not tell how much has gone
  const failed = (message) => {
    tell(message || form.dataset.failed);
    button.disabled = false;
    bar.hidden = true;
  };
  request.open("POST", `/api/v1/imports?name=${encodeURIComponent(file.name.slice(-200))}`);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("X-CSRF-Token", document.querySelector("meta[name=csrf]").content);
  request.responseType = "json";
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.max = total;
    bar.value = loaded;
  });
  request.addEventListener("load", () => {
    if (request.status === 201) location.assign(`/elders/import/${request.response.id}`);
    else failed(request.response?.error?.message);
  });
  request.addEventListener("error", () => failed());
  button.disabled = true;
  bar.hidden = false;
  request.send(file);
});

async function look() {
  let told;
  try {
    const answer = await fetch(`/api/v1/imports/${working.dataset.import}`);
    if (answer.status === 401 || answer.status === 404) location.reload();
    if (!answer.ok) return;
    told = await answer.json();
  } catch {
    return; // asked again in a second
  }
  if (told.state !== working.dataset.state) location.reload();
  const bar = working.querySelector("progress");
  bar.max = Math.max(told.total, 1);
  bar.value = told.done;
  working.querySelector("[data-done]").textContent = told.done;
  working.querySelector("[data-total]").textContent = told.total;
}

if (working) setInterval(look, EVERY);
