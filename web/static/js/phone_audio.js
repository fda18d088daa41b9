// Microphone, headset and ring: which device each is, how loud it is, what is wrong with it. Knows nothing of calls.

const STEPS = 12; // levels a second
export const ROLES = ["input", "output", "ring"];
const KEPT = { input: "phone input", output: "phone output", ring: "phone ring" };

// What the browser calls it -> the name of our words for it.
const PROBLEMS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "no_microphone",
  OverconstrainedError: "no_microphone",
  NotReadableError: "microphone_busy",
  AbortError: "microphone_busy",
};

export class AudioProblem extends Error {
  constructor(error) {
    super(error.message);
    this.code = PROBLEMS[error.name] ?? "microphone_busy";
  }
}

export const chosen = (role) => localStorage.getItem(KEPT[role]) ?? "";

export function choose(role, device) {
  if (device) localStorage.setItem(KEPT[role], device);
  else localStorage.removeItem(KEPT[role]);
}

// Whether the browser lets a page have a microphone at all: only over https, or on this machine.
export const isPossible = () => window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

export async function openMicrophone() {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const device = chosen("input");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: device ? { ...audio, deviceId: { exact: device } } : audio });
  } catch (error) {
    if (!device || PROBLEMS[error.name] !== "no_microphone") throw new AudioProblem(error);
    choose("input", ""); // unplugged since: any other is better than none
    return openMicrophone();
  }
}

// Fill one select for each role with what is plugged in; the first entry is the system's own choice.
export async function listDevices(selects) {
  const devices = await navigator.mediaDevices.enumerateDevices();
  for (const role of ROLES) {
    const kind = role === "input" ? "audioinput" : "audiooutput";
    const found = devices.filter((device) => device.kind === kind && !["", "default"].includes(device.deviceId));
    const usual = selects[role].options[0];
    selects[role].replaceChildren(usual, ...found.map(({ label, deviceId }) => new Option(label || deviceId.slice(0, 8), deviceId)));
    selects[role].value = chosen(role);
    if (selects[role].selectedIndex < 0) selects[role].value = "";
  }
}

// Where an <audio> or AudioContext plays. Browsers without a choice play where the system does.
export async function playOn(player, device) {
  try {
    await player.setSinkId?.(device);
  } catch {
    if (device) await player.setSinkId?.(""); // unplugged
  }
}

let context = null;
export async function audible() {
  context ??= new AudioContext();
  if (context.state !== "running") await context.resume();
  return context;
}

// Shows how loud a stream is, 0 to 1, on a <meter>.
export class Level {
  constructor(meter) {
    this.meter = meter;
    this.source = null;
    setInterval(() => this.show(), 1000 / STEPS);
  }

  async follow(stream) {
    this.source?.disconnect();
    this.source = null;
    if (!stream) return;
    const place = await audible();
    this.analyser = place.createAnalyser();
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source = place.createMediaStreamSource(stream);
    this.source.connect(this.analyser);
  }

  show() {
    this.meter.value = this.source ? this.measure() : 0;
  }

  // Decibels, because ears hear so: -60 dB is nothing, 0 dB is full.
  measure() {
    this.analyser.getFloatTimeDomainData(this.samples);
    const square = this.samples.reduce((sum, sample) => sum + sample * sample, 0) / this.samples.length;
    return square ? Math.min(1, Math.max(0, (10 * Math.log10(square) + 60) / 60)) : 0;
  }
}

// Three notes on this device, to try it.
export async function tone(device) {
  const place = new AudioContext();
  await playOn(place, device);
  await place.resume();
  const volume = new GainNode(place, { gain: 0.2 });
  volume.connect(place.destination);
  for (const [index, frequency] of [440, 554, 659].entries()) {
    const note = new OscillatorNode(place, { frequency });
    note.connect(volume);
    note.start(place.currentTime + index * 0.4);
    note.stop(place.currentTime + index * 0.4 + 0.35);
    if (index === 2) note.onended = () => place.close();
  }
}
