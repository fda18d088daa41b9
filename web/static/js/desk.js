// The agent's page: shows the file when the seat is about to ring and says so, presses actions, obeys the keys.

import "/static/js/ages.js";
import { post, tell } from "/static/js/api.js";
import { fillCodes, readCodes } from "/static/js/codes.js";
import { forget, restore } from "/static/js/drafts.js";
import { Fragment } from "/static/js/fragments.js";
import { listen } from "/static/js/keys.js";
import { connect, onMessage } from "/static/js/live.js";
import { Note } from "/static/js/notes.js";
import { notify, withdraw } from "/static/js/notices.js";
import { ring, stop } from "/static/js/ring.js";
import { Rows } from "/static/js/rows.js";

const desk = document.getElementById("desk");
const words = JSON.parse(document.getElementById("words").textContent);
const extension = desk.dataset.extension;
const toShow = new Map(); // case -> when the message came
const rows = new Rows(desk);

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
  fillCodes(select.form);
}

// One note is open at a time: that of the case on the screen.
let note = null;
function openNote() {
  for (const form of restore()) {
    note?.stop();
    fillCodes(form);
    note = new Note(form, words);
  }
  if (note && !note.form.isConnected) {
    note.stop();
    note = null;
  }
}

// Who had which part in the case on the screen: when somebody takes over, the one who had it is told who.
let parts = {};
function tellWhoTook(data) {
  const now = Object.fromEntries(
    data.legs
      .filter((leg) => leg.kind === "seat" && leg.state === "answered" && (leg.role === "A" || leg.role === "B"))
      .map((leg) => [leg.role, leg]),
  );
  for (const [role, leg] of Object.entries(now)) {
    const before = parts.id === data.id ? parts[role] : null;
    if (before && before.number !== leg.number && leg.number !== extension) {
      const text = words.taken.replace("{role}", role).replace("{name}", leg.name).replace("{seat}", leg.number);
      tell(text, "notice warning");
    }
  }
  parts = { ...now, id: data.id };
}

const fragment = new Fragment(desk, () => {
  acknowledge();
  openNote();
  proposeOutcome();
  rows.restore();
  dispatchEvent(new Event("seatshown"));
  if (document.getElementById("own-seat")?.dataset.state !== "reserved") {
    stop();
    withdraw();
    document.getElementById("announcer").textContent = "";
  }
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
    desk.dataset.fragment = "/fragments/desk"; // whatever was looked at: the call comes first
    ring(words.ringing);
    notify(words.ringing, words.notice);
    document.getElementById("announcer").textContent = words.notice;
  }
  if (message.kind === "case" && message.data.id === shownCase()) tellWhoTook(message.data);
  if (message.kind === "codes" || message.kind === "state") {
    readCodes(desk.querySelector("form[data-close]")).catch(() => {}); // those that are shown go on to count
  }
  if (message.kind === "note" && message.data.case === shownCase()) note?.read();
  if (message.kind === "state") note?.read(); // the link was down: others may have written
  if (fragment.concerns(message) && isMine(message)) fragment.refresh();
  if (day?.concerns(message) && (message.kind !== "case" || message.data.abandoned)) day.refresh();
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
  const other = event.target.closest("button[data-show-case]");
  if (other) {
    desk.dataset.fragment = `/fragments/desk?case=${encodeURIComponent(other.dataset.showCase)}`;
    fragment.refresh();
  }
  const button = event.target.closest("button[data-action], button[data-seat-state]");
  if (!button) return;
  event.preventDefault();
  const { action, target, leg, elder, mode, role, seatState } = button.dataset;
  if (seatState) {
    const reason = seatState === "paused" ? document.getElementById("pause-reason").value : "";
    attempt(button, () => post(`seats/${extension}/state`, { state: seatState, reason }));
  } else {
    const wishes = Object.entries({ target, leg, elder: Number(elder), mode, role }).filter(([, value]) => value);
    attempt(button, () => act({ action, ...Object.fromEntries(wishes) }));
  }
});

desk.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = Object.fromEntries(new FormData(form));
  const button = form.querySelector("button");
  if (form.id === "call-out") {
    attempt(button, async () => {
      await post("calls", { to: `number:${fields.number.trim()}` });
      form.reset();
    });
    return;
  }
  if (form.dataset.case !== shownCase()) return;
  attempt(button, async () => {
    if (form.id === "call-number") await act({ action: "call", target: `number:${fields.number.trim()}` });
    else await act({ action: form.dataset.action, ...fields });
    if (form.matches("[data-close]")) {
      note?.stop();
      forget(form);
      desk.dataset.fragment = "/fragments/desk";
    } else form.reset();
    document.activeElement?.blur();
  });
});

desk.addEventListener("change", (event) => {
  if (event.target.matches("form[data-close] [name=outcome]")) fillCodes(event.target.form);
});

// The day's lists follow what happens, and the clock: a follow-up becomes due without anybody calling.
const today = document.getElementById("today");
const day = today && new Fragment(today);
if (day) setInterval(() => document.hidden || day.refresh(), 60_000);

const keys = document.getElementById("all-keys");
document.getElementById("show-keys").addEventListener("click", () => keys.showModal());

// ` goes from one call that could be made to the next, Enter makes it.
function onKey(key) {
  if (key !== "`") return rows.onKey(key);
  const calls = [...(today?.querySelectorAll("button[data-dial]") ?? [])];
  const next = calls[calls.indexOf(document.activeElement) + 1] ?? calls[0] ?? today?.querySelector("a");
  next?.focus();
  return true;
}
listen({ onLegKey: onKey });

openNote();
proposeOutcome();
// A page that was loaded while its seat rings shows the case already: say so once.
if (shownCase() && document.getElementById("own-seat")?.dataset.state === "reserved") {
  toShow.set(shownCase(), performance.now());
  acknowledge();
}
connect(Number(desk.dataset.seq));
