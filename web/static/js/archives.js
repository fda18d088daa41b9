// An archive that is being made (`[data-archive]`): how far it is, asked every second; when it is ready, the page is read
// anew.

const EVERY = 1000;
const row = document.querySelector("[data-archive]");

async function look() {
  let told;
  try {
    const answer = await fetch(`/api/v1/complaint-archives/${row.dataset.archive}`);
    if (answer.status === 401 || answer.status === 404) location.reload();
    if (!answer.ok) return;
    told = await answer.json();
  } catch {
    return; // asked again in a second
  }
  if (told.state !== row.dataset.state) location.reload();
  const bar = row.querySelector("progress");
  bar.max = Math.max(told.total, 1);
  bar.value = told.done;
  row.querySelector("[data-done]").textContent = told.done;
  row.querySelector("[data-total]").textContent = told.total;
}

if (row) setInterval(look, EVERY);
