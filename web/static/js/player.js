// The player of a recording (`data-player`): its outline on a canvas, marks on it, and the keyboard. Space plays, arrows
// go five seconds (one with Shift), M goes to the note of a mark. A click on the outline goes there and asks for a note.

import { get, post, tell } from "/static/js/api.js";

const root = document.querySelector("[data-player]");
const audio = root.querySelector("audio");
const wave = root.querySelector("[data-wave]");
const canvas = wave.querySelector("canvas");
const list = root.querySelector("[data-marks]");
const form = root.querySelector("[data-mark-form]");
const play = root.querySelector("[data-play]");
const token = document.querySelector("meta[name=csrf]").content;
const review = root.dataset.review;
const STEP = 5;
let peaks = [];
let length = Number(root.dataset.seconds);

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const marks = () => [...list.querySelectorAll("[data-at]")];

function draw() {
  const scale = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = wave;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const middle = height / 2;
  const played = length ? (audio.currentTime / length) * width : 0;
  const loudest = Math.max(...peaks, 1);
  const bar = width / Math.max(peaks.length, 1);
  peaks.forEach((peak, at) => {
    const tall = Math.max(1, (peak / loudest) * (height - 8));
    pen.fillStyle = colour(at * bar < played ? "--blue" : "--grey-edge");
    pen.fillRect(at * bar, middle - tall / 2, Math.max(bar - 0.5, 0.5), tall);
  });
  for (const mark of marks()) {
    const x = length ? (Number(mark.dataset.at) / length) * width : 0;
    pen.fillStyle = colour("--red");
    pen.fillRect(x - 1, 0, 2, height);
    pen.beginPath();
    pen.moveTo(x - 6, 0);
    pen.lineTo(x + 6, 0);
    pen.lineTo(x, 8);
    pen.fill();
  }
  pen.fillStyle = colour("--ink");
  pen.fillRect(played - 1, 0, 2, height);
}

function show() {
  root.querySelector("[data-time]").textContent = `${clock(audio.currentTime)} / ${clock(length)}`;
  wave.setAttribute("aria-valuenow", String(Math.floor(audio.currentTime)));
  wave.setAttribute("aria-valuetext", clock(audio.currentTime));
  play.querySelector("[data-words]").textContent = audio.paused ? play.dataset.playText : play.dataset.pauseText;
  draw();
}

function go(seconds) {
  audio.currentTime = Math.min(Math.max(0, seconds), length || Infinity);
  show();
}

const toggle = () => (audio.paused ? audio.play().catch((error) => tell(error.message)) : audio.pause());

function follow() {
  show();
  if (!audio.paused) requestAnimationFrame(follow);
}

function added(mark) {
  const row = root.querySelector("[data-mark-row]").content.firstElementChild.cloneNode(true);
  const [jump, remove] = row.querySelectorAll("button");
  row.dataset.mark = mark.id;
  row.dataset.at = mark.at;
  jump.dataset.jump = mark.at;
  jump.textContent = clock(mark.at);
  row.querySelector("span").textContent = mark.note;
  remove.dataset.remove = mark.id;
  remove.setAttribute("aria-label", `${remove.textContent} ${clock(mark.at)}`);
  list.insertBefore(row, marks().find((other) => Number(other.dataset.at) > mark.at) ?? null);
  draw();
}

audio.addEventListener("play", follow);
audio.addEventListener("pause", show);
audio.addEventListener("seeked", show);
audio.addEventListener("loadedmetadata", () => {
  if (Number.isFinite(audio.duration)) length = audio.duration;
  wave.setAttribute("aria-valuemax", String(Math.floor(length)));
  show();
});
play.addEventListener("click", toggle);
wave.addEventListener("click", (event) => {
  const box = wave.getBoundingClientRect();
  go(((event.clientX - box.left) / box.width) * length);
  form?.elements.note.focus();
});
root.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.skip) go(audio.currentTime + Number(button.dataset.skip));
  if (button?.dataset.jump) go(Number(button.dataset.jump));
  if (button?.dataset.remove) {
    const answer = await fetch(`/api/v1/quality-reviews/${review}/marks/${button.dataset.remove}`, { method: "DELETE", headers: { "X-CSRF-Token": token } });
    if (!answer.ok) return tell((await answer.json().catch(() => null))?.error?.message ?? `HTTP ${answer.status}`);
    button.closest("li").remove();
    draw();
  }
});
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const note = form.elements.note;
  try {
    added(await post(`quality-reviews/${review}/marks`, { at: Math.round(audio.currentTime * 10) / 10, note: note.value }));
    note.value = "";
    wave.focus();
  } catch (error) {
    tell(error.message);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.metaKey || event.ctrlKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) {
    if (event.key === "Escape") wave.focus();
    return;
  }
  const onButton = event.target.closest("button, a, summary");
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  if (event.key === " " && !onButton) toggle();
  else if (event.key in steps) go(audio.currentTime + steps[event.key] * (event.shiftKey ? 1 : STEP));
  else if (event.key === "Home" && event.target === wave) go(0);
  else if (event.key === "End" && event.target === wave) go(length);
  else if (event.key.toLowerCase() === "m" && form) form.elements.note.focus();
  else return;
  event.preventDefault();
});
addEventListener("resize", draw);
addEventListener("theme", draw);

try {
  const found = await get(`recordings/${root.dataset.player}/peaks?parts=${Math.max(60, Math.min(1200, Math.floor(wave.clientWidth / 2)))}`);
  peaks = found.peaks;
  length = length || found.seconds;
} catch (error) {
  tell(error.message);
}
show();
