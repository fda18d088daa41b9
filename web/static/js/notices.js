// Notices of the desktop, for an agent who looks at another window: asked for once, by a button. Without them the desk
// works all the same. They say that somebody calls, never who.

const button = document.getElementById("notices");
let shown = null;

function offer() {
  if (button) button.hidden = !("Notification" in window) || Notification.permission !== "default";
}

export function notify(title, body) {
  if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  shown = new Notification(title, { body, tag: "call", requireInteraction: true });
  shown.addEventListener("click", () => window.focus());
}

export function withdraw() {
  shown?.close();
  shown = null;
}

button?.addEventListener("click", async () => {
  await Notification.requestPermission();
  offer();
});
offer();
