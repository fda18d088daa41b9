// The seat's phone, as far as this desk is told of it: read from what is shown of the seat, which is drawn anew with every
// message. The exchange asks a SIP telephone to lift its handset, which it may not do, hangs it up, and keeps it silent;
// it holds the call of either phone.

const STATES = { reserved: "lift", talking: "telephone_talking" };

function shown() {
  return document.getElementById("own-seat")?.dataset ?? {};
}

// Null while the phone in the page is the one that rings, or there is none.
export function telephone() {
  const { phone, state, muted, held } = shown();
  if (phone !== "telephone") return null;
  const quiet = muted === "yes";
  const now = state === "talking" && held === "yes" ? "telephone_held" : STATES[state];
  return { state: now ?? "telephone", muted: quiet, hangUp: "hangup", turn: quiet ? "unmute" : "mute" };
}

// What the key for holding does now; empty where the procedure wants somebody with the elder.
export function holding() {
  const { held, mayHold } = shown();
  if (held === "yes") return "unhold";
  return mayHold === "yes" ? "hold" : "";
}
