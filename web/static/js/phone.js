// The phone in the agent's page: what is shown of it, its buttons, its devices. One tab of a browser has it; after F5 in
// the middle of a call it answers by itself, because the case rings the same seat again. While the seat's SIP telephone
// is the one that is used, the same buttons and keys work that (`telephone.js`).

import { get, post, tell } from "/static/js/api.js";
import { audible, AudioProblem, choose, chosen, isPossible, Level, listDevices, openMicrophone, playOn, ROLES, tone } from "/static/js/phone_audio.js";
import { Line } from "/static/js/phone_line.js";
import { beep } from "/static/js/ring.js";
import { holding, telephone } from "/static/js/telephone.js";

const [ON, IN_CALL] = ["phone on", "phone in call"];
const LOADED_AGAIN = 20_000; // ms within which a page that was left in a call is back
const COMES_BACK = 8000; // ms for which the next call is then answered without a key
const BEEP_EVERY = 2000;
const ECHO_LASTS = 10_000;
const SERVERS_ANEW = 3_600_000;

const panel = document.getElementById("phone");
const seat = document.getElementById("desk").dataset.extension;
const words = JSON.parse(document.getElementById("phone-words").textContent);
const part = Object.fromEntries([...panel.querySelectorAll("[id]")].map((element) => [element.id.slice("phone-".length), element]));
const selects = { input: part.input, output: part.output, ring: part.ring };
const speaker = new Audio();
const levels = { mic: new Level(part.mic), far: new Level(part.far) };

let line = null;
let microphone = null;
let answerUntil = 0;
let ringing = 0;
let leaving = false;
let muted = false;
let own = "off"; // the state of the line in this page

// --- what is shown ----------------------------------------------------------------------------------------------------

function show(state) {
  own = state;
  draw();
}

function draw() {
  const other = line ? null : telephone();
  const turn = holding();
  const state = other ? other.state : own === "talking" && turn === "unhold" ? "held" : own;
  panel.dataset.state = state;
  part.state.textContent = words[other?.muted && state !== "telephone_held" ? "telephone_muted" : state];
  part.answer.disabled = !["ringing", "lift", "telephone_held"].includes(state);
  part.hangup.disabled = !["ringing", "talking", "held", "echo", "lift", "telephone_talking", "telephone_held"].includes(state);
  part.mute.disabled = !["talking", "telephone_talking"].includes(state);
  part.hold.disabled = !turn || !["talking", "held", "telephone_talking", "telephone_held"].includes(state);
  part.hold.setAttribute("aria-pressed", String(turn === "unhold"));
  part["try-line"].disabled = state !== "ready";
  part.on.hidden = Boolean(line) || ["registering", "other_tab"].includes(own);
  part.off.hidden = !line;
  showMute(other ? other.muted : muted);
}

function problem(code) {
  part.problem.hidden = !code;
  part.problem.textContent = code ? words[`problem_${code}`] : "";
}

function showMute(on) {
  part.mute.setAttribute("aria-pressed", String(on));
  panel.classList.toggle("muted-line", on);
}

// --- calls ------------------------------------------------------------------------------------------------------------

function answer() {
  line?.answer(microphone);
}

function ring() {
  beep();
  ringing = setInterval(beep, BEEP_EVERY);
}

const told = {
  state(name) {
    if (line?.call) {
      problem(name === "away" ? "away_in_call" : ""); // sound goes another way
      return;
    }
    show(name);
    problem(["refused", "away", "elsewhere", "logged_out"].includes(name) ? name : "");
    if (name === "elsewhere" || name === "logged_out") stop(name);
  },
  rings() {
    show("ringing");
    if (Date.now() < answerUntil) answer();
    else ring();
  },
  speaks() {
    clearInterval(ringing);
    show(line.isEcho ? "echo" : "talking");
    problem("");
    if (line.isEcho) setTimeout(() => line?.isEcho && line.hangUp(), ECHO_LASTS);
    else remember();
  },
  async heard(stream) {
    speaker.srcObject = stream;
    await playOn(speaker, chosen("output"));
    speaker.play().catch(() => problem("speaker"));
    levels.far.follow(stream);
  },
  silent() {
    problem("no_sound");
  },
  over({ broke }) {
    clearInterval(ringing);
    answerUntil = broke ? Date.now() + COMES_BACK : 0;
    if (!leaving) sessionStorage.removeItem(IN_CALL);
    levels.far.follow(null);
    speaker.srcObject = null;
    setMute(false);
    show(line?.ua.isRegistered() ? "ready" : "registering");
  },
};

function remember() {
  if (line?.call && !line.isEcho) sessionStorage.setItem(IN_CALL, String(Date.now()));
}

function setMute(on) {
  muted = on;
  line?.mute(on);
  for (const track of microphone?.getAudioTracks() ?? []) track.enabled = !on;
  draw();
}

// --- on and off -------------------------------------------------------------------------------------------------------

async function start() {
  if (line) return;
  if (!isPossible()) {
    problem("insecure");
    return;
  }
  localStorage.setItem(ON, "yes");
  show("registering");
  const isMine = await new Promise((resolve) => {
    navigator.locks.request("yjt phone", { ifAvailable: true }, (lock) => hold(lock, resolve));
  });
  if (isMine) await open();
  else waitForOtherTab();
}

// A lock is held for as long as this promise lives: until the phone is switched off, or the tab is gone.
let release = () => {};
function hold(lock, resolve) {
  resolve(Boolean(lock));
  return lock && new Promise((done) => (release = done));
}

function waitForOtherTab() {
  show("other_tab");
  problem("other_tab");
  navigator.locks.request("yjt phone", (lock) => hold(lock, (mine) => mine && open()));
}

async function open() {
  problem("");
  try {
    await listen();
    const { user, password, ice_servers } = await get("phone");
    line = new Line({ user, password, agent: "yijiantong", servers: usable(ice_servers) }, told);
  } catch (error) {
    release();
    show("off");
    if (error instanceof AudioProblem) problem(error.code);
    else tell(error.message);
  }
}

// A browser wants no field without a value.
function usable(servers) {
  return servers.map((one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== null)));
}

// The log-in for the TURN server ends by itself after a day.
async function renew() {
  const { ice_servers } = await get("phone");
  if (line) line.servers = usable(ice_servers);
}

async function listen() {
  const fresh = await openMicrophone();
  for (const track of microphone?.getTracks() ?? []) track.stop();
  microphone = fresh;
  for (const track of fresh.getAudioTracks()) track.addEventListener("ended", () => microphone === fresh && lost());
  levels.mic.follow(microphone);
  await line?.speakInto(microphone);
  await listDevices(selects);
}

// The headset was unplugged: the next best one, or words about it.
function lost() {
  listen().then(() => problem("microphone_changed"), (error) => problem(error.code ?? "no_microphone"));
}

function stop(state = "off") {
  const was = line;
  line = null;
  was?.hangUp();
  was?.ua.stop();
  for (const track of microphone?.getTracks() ?? []) track.stop();
  microphone = null;
  levels.mic.follow(null);
  release();
  show(state);
}

// --- buttons ----------------------------------------------------------------------------------------------------------

part.on.addEventListener("click", () => start());
part.off.addEventListener("click", () => {
  localStorage.removeItem(ON);
  stop();
  problem("");
});
part.answer.addEventListener("click", () => (line ? answer() : work("answer")));
part.hangup.addEventListener("click", () => (line ? line.hangUp() : work(telephone()?.hangUp)));
part.mute.addEventListener("click", () => (line ? setMute(!muted) : work(telephone()?.turn)));
part.hold.addEventListener("click", () => work(holding()));

// A press for the exchange; what became of it is told by the seat.
function work(action) {
  if (action) post(`seats/${seat}/phone`, { action }).catch((error) => tell(error.message));
}
part.settings.addEventListener("click", () => {
  part.details.hidden = !part.details.hidden;
  part.settings.setAttribute("aria-expanded", String(!part.details.hidden));
});
part.volume.addEventListener("input", () => {
  speaker.volume = Number(part.volume.value);
  localStorage.setItem("phone volume", part.volume.value);
});
part["try-output"].addEventListener("click", () => tone(chosen("output")));
part["try-ring"].addEventListener("click", () => tone(chosen("ring")));
part["try-line"].addEventListener("click", () => line?.echo(microphone));
for (const role of ROLES) {
  selects[role].addEventListener("change", async () => {
    choose(role, selects[role].value);
    if (role === "input" && microphone) await listen().catch((error) => problem(error.code ?? "no_microphone"));
    if (role === "output") await playOn(speaker, chosen("output"));
  });
}

navigator.mediaDevices?.addEventListener("devicechange", () => microphone && listDevices(selects));
document.addEventListener("pointerdown", () => microphone && audible(), { once: true }); // a gesture lets the meters run
window.addEventListener("pagehide", () => {
  leaving = true;
  remember();
  line?.leave();
});
window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
setInterval(remember, 2000);
setInterval(() => line && renew().catch(() => {}), SERVERS_ANEW); // what is known is good for longer

addEventListener("seatshown", draw);
speaker.volume = part.volume.value = Number(localStorage.getItem("phone volume") ?? 1);
show("off");
if (localStorage.getItem(ON)) {
  if (Date.now() - Number(sessionStorage.getItem(IN_CALL) ?? 0) < LOADED_AGAIN) answerUntil = Date.now() + COMES_BACK;
  sessionStorage.removeItem(IN_CALL);
  start();
}
