// The live connection: one WebSocket, numbered messages, resumed where it broke. Shows on the page whether it lives.
// Never draws anything else.

const FIRST_WAIT = 300;
const LONGEST_WAIT = 5000;
const listeners = new Set();
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
  const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live?after=${last}`);
  socket.addEventListener("open", () => {
    wait = FIRST_WAIT;
    show(true);
  });
  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    last = message.seq;
    for (const listener of listeners) listener(message);
  });
  socket.addEventListener("close", (event) => {
    show(false);
    if (event.code === 4401) {
      location.reload(); // logged out: the page sends us to the log-in
      return;
    }
    setTimeout(open, wait * (0.8 + Math.random() * 0.4));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

function show(alive) {
  for (const place of document.querySelectorAll("[data-link-state]")) {
    place.hidden = false;
    place.dataset.linkState = alive ? "live" : "lost";
    place.textContent = alive ? place.dataset.liveText : place.dataset.lostText;
  }
}
