// The board and pages that only look: their fragments follow the live messages. On the board, supervisors act on the
// case or the seat that they have chosen.

import "/static/js/ages.js";
import { post, tell } from "/static/js/api.js";
import { Fragment } from "/static/js/fragments.js";
import { listen } from "/static/js/keys.js";
import { connect, onMessage } from "/static/js/live.js";
import { Rows } from "/static/js/rows.js";

async function press(button, refresh) {
  const { caseId, seat, seatState, action, mode, role } = button.dataset;
  button.disabled = true; // a second press of the same key is not a second request
  try {
    if (seat) await post(`seats/${seat}/state`, { state: seatState });
    else {
      const body = { action, ...(mode && { mode }), ...(role && { role }) };
      await post(`cases/${encodeURIComponent(caseId)}/actions`, body);
    }
  } catch (error) {
    tell(error.message);
  } finally {
    button.disabled = false;
    refresh();
  }
}

for (const element of document.querySelectorAll("[data-fragment]")) {
  const rows = new Rows(element);
  const fragment = new Fragment(element, () => rows.restore());
  onMessage((message) => {
    if (fragment.concerns(message)) fragment.refresh();
  });
  element.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action], button[data-seat-state]");
    if (button) press(button, () => fragment.refresh());
  });
  listen({ onLegKey: (key) => rows.onKey(key) });
  connect(Number(element.dataset.seq));
}
