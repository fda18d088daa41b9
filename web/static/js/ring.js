// A call is coming to this desk: a tone and a title that blinks until the page is looked at. No file, no autoplay tag.

const BEEPS = [0, 0.35, 0.7];
let context = null;
let blinking = 0;
const title = document.title;

export function ring(words) {
  beep();
  clearInterval(blinking);
  let on = true;
  document.title = words;
  blinking = setInterval(() => {
    on = !on;
    document.title = on ? words : title;
  }, 700);
}

export function stop() {
  clearInterval(blinking);
  document.title = title;
}

// On the device that was chosen for it (`phone_audio.js`): a headset that lies on the desk is not heard.
export function beep() {
  context ??= new AudioContext();
  const device = localStorage.getItem("phone ring") ?? "";
  if (device !== (context.sinkId ?? "")) context.setSinkId?.(device).catch(() => {});
  context.resume();
  for (const delay of BEEPS) {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    const start = context.currentTime + delay;
    tone.frequency.value = 880;
    volume.gain.setValueAtTime(0.2, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.28);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.3);
  }
}
