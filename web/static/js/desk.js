// The agent's page: shows the file when the seat is about to ring and says so, presses actions, obeys the keys.

import "/static/js/ages.js";
import { post, tell } from "/static/js/api.js";
import { forget, restore } from "/static/js/drafts.js";
import { Fragment } from "/static/js/fragments.js";
import { listen } from "/static/js/keys.js";
import { connect, onMessage } from "/static/js/live.js";
import { ring, stop } from "/static/js/ring.js";

const desk = document.getElementById("desk");
const words = JSON.parse(document.getElementById("words").textContent);
const extension = desk.dataset.extension;
const toShow = new Map(); // case -> when the message came
let focused = null;

function shownCase() {
  return desk.querySelector("[data-shows-case]")?.dataset.showsCase;
}

// What is said to be on the screen is read from the screen.
function acknowledge() {
  const id = shownCase();
  if (!toShow.has(id)) return;
  const after = (performance.now() - toShow.get(id)) / 1000;
  toShow.clear();
  post(`cases/${encodeURIComponent(id)}/shown`, { extension, after }).catch((error) => tell(error.message));
}

// The outcome that most often goes with what the call is about, unless somebody has chosen another.
let proposed = "";
function proposeOutcome() {
  const select = desk.querySelector("form[data-close] [name=outcome]");
  const usual = desk.querySelector("[data-usual-outcome]")?.dataset.usualOutcome;
  if (!select || !usual || (select.value && select.value !== proposed)) return;
  proposed = select.value = usual;
}

const fragment = new Fragment(desk, () => {
  acknowledge();
  restore();
  proposeOutcome();
  if (focused) document.getElementById(focused)?.focus();
  if (document.getElementById("own-seat")?.dataset.state !== "reserved") stop();
});

// Of all that goes on in the centre, this desk follows its own seat and the cases in which that seat is or was.
function isMine({ kind, data }) {
  if (kind === "seat") return data.extension === extension;
  if (kind === "case" && data.legs.some((leg) => leg.number === extension)) return true;
  if (kind === "case" || kind === "alarm" || kind === "closed") return (data.case ?? data.id) === shownCase();
  return true;
}

onMessage((message) => {
  if (message.kind === "screen") {
    toShow.set(message.data.case, performance.now());
    ring(words.ringing);
  }
  if (fragment.concerns(message) && isMine(message)) fragment.refresh();
});

async function attempt(button, work) {
  if (button?.disabled) return;
  if (button) button.disabled = true; // a second press of the same key is not a second request
  try {
    await work();
  } catch (error) {
    tell(error.message);
  } finally {
    if (button) button.disabled = false;
    fragment.refresh();
  }
}

function act(body) {
  return post(`cases/${encodeURIComponent(shownCase())}/actions`, body);
}

desk.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action], button[data-seat-state]");
  if (!button) return;
  event.preventDefault();
  const { action, target, leg, elder, role, seatState } = button.dataset;
  if (seatState) {
    const reason = seatState === "paused" ? document.getElementById("pause-reason").value : "";
    attempt(button, () => post(`seats/${extension}/state`, { state: seatState, reason }));
  } else {
    const named = { ...(target && { target }), ...(leg && { leg }), ...(elder && { elder: Number(elder) }), ...(role && { role }) };
    attempt(button, () => act({ action, ...named }));
  }
});

desk.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = Object.fromEntries(new FormData(form));
  const button = form.querySelector("button");
  if (form.dataset.case !== shownCase()) return;
  attempt(button, async () => {
    if (form.id === "call-number") await act({ action: "call", target: `number:${fields.number.trim()}` });
    else await act({ action: form.dataset.action, ...fields });
    if (form.matches("[data-close]")) forget(form);
    else form.reset();
    document.activeElement?.blur();
  });
});

function rows() {
  return [...desk.querySelectorAll("tr[data-leg]")];
}

desk.addEventListener("focusin", (event) => {
  focused = event.target.closest("tr[data-leg]")?.id ?? null;
});

listen({
  onLegKey(key) {
    const all = rows();
    const at = all.findIndex((row) => row.contains(document.activeElement));
    if (/^[1-9]$/.test(key) && all[Number(key) - 1]) {
      all[Number(key) - 1].focus();
      return true;
    }
    if (key === "ArrowDown" || key === "ArrowUp") {
      if (at < 0) return false;
      all[(at + (key === "ArrowDown" ? 1 : all.length - 1)) % all.length].focus();
      return true;
    }
    const action = { m: "merge", l: "split", h: "hangup" }[key];
    const button = at >= 0 && action && all[at].querySelector(`[data-action=${action}]`);
    if (button) button.click();
    return Boolean(button);
  },
});

restore();
proposeOutcome();
// A page that was loaded while its seat rings shows the case already: say so once.
if (shownCase() && document.getElementById("own-seat")?.dataset.state === "reserved") {
  toShow.set(shownCase(), performance.now());
  acknowledge();
}
connect(Number(desk.dataset.seq));
