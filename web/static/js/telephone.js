// The seat's SIP telephone, as far as this desk is told of it: read from what is shown of the seat, which is drawn anew
// with every message. The exchange asks it to lift its handset, which it may not do, hangs it up, and keeps it silent.

const STATES = { reserved: "lift", talking: "telephone_talking" };

// Null while the phone in the page is the one that rings, or there is none.
export function telephone() {
  const { phone, state, muted, held } = document.getElementById("own-seat")?.dataset ?? {};
  if (phone !== "telephone") return null;
  const quiet = muted === "yes";
  const now = state === "talking" && held === "yes" ? "telephone_held" : STATES[state];
  return { state: now ?? "telephone", muted: quiet, hangUp: "hangup", turn: quiet ? "unmute" : "mute" };
}
