// The live connection: one WebSocket, numbered messages, resumed where it broke. Shows on the page whether it lives.
// Never draws anything else. A machine that has slept, or changed its network, does not wait until its old connection is
// found dead: it makes a new one.

const FIRST_WAIT = 300;
const LONGEST_WAIT = 5000;
const listeners = new Set();
const LOOK_EVERY = 5000;
const ASLEEP = 90_000; // ms without a look: timers of a page in the background are slowed down to a minute
let current = null;
let next = 0;
let last = 0;
let wait = FIRST_WAIT;

export function onMessage(listener) {
  listeners.add(listener);
}

export function connect(after) {
  last = after;
  open();
}

function open() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = (current = new WebSocket(`${scheme}://${location.host}/api/v1/live?after=${last}`));
  socket.addEventListener("open", () => {
    wait = FIRST_WAIT;
    show(true);
  });
  socket.addEventListener("message", (event) => {
    if (socket !== current) return;
    const message = JSON.parse(event.data);
    last = message.seq;
    for (const listener of listeners) listener(message);
  });
  socket.addEventListener("close", (event) => {
    if (socket !== current) return;
    show(false);
    if (event.code === 4401) {
      location.reload(); // logged out: the page sends us to the log-in
      return;
    }
    next = setTimeout(open, wait * (0.8 + Math.random() * 0.4));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

function anew() {
  if (!current) return;
  const old = current;
  clearTimeout(next);
  wait = FIRST_WAIT;
  open();
  old.close();
}

let looked = Date.now();
setInterval(() => {
  if (Date.now() - looked > ASLEEP) anew();
  looked = Date.now();
}, LOOK_EVERY);
addEventListener("online", anew);

function show(alive) {
  for (const place of document.querySelectorAll("[data-link-state]")) {
    place.hidden = false;
    place.dataset.linkState = alive ? "live" : "lost";
    place.textContent = alive ? place.dataset.liveText : place.dataset.lostText;
  }
}
