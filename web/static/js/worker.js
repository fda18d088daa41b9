// The worker's page: orders of today, start and end by the code at the door, note and photos. Works without a network:
// what happens is kept (worker_queue.js) with the phone's time, shown as it will be, and told when there is a network.

import { keep, send, waiting } from "./worker_queue.js";
import { codeIn, scan } from "./worker_scan.js";

const words = JSON.parse(document.body.dataset.words);
const AGAIN = 20_000;
const CODE_GOOD = 180_000; // ms: a code that opened the page is of the door before which the worker stands
const LARGEST = 200 * 1024;
const WIDEST = 1280;
const POSITION_WITHIN = 4000;
const lang = document.body.dataset.lang === "zh" ? "zh-CN" : "en-GB";
const box = document.getElementById("orders");
const notice = document.getElementById("notice");
const say = (text, kind = "danger") => {
  notice.hidden = !text;
  notice.textContent = text;
  notice.className = `notice ${kind}`;
};

// The link is `/worker#TOKEN`; a code's is `/worker#code=...`. Neither stays in the address.
let scanned = null;
function readAddress() {
  const code = codeIn(location.hash);
  const token = /^#([\w-]{20,})$/.exec(location.hash)?.[1];
  if (code) scanned = { code, at: Date.now() };
  else if (token) take(token);
  if (code || token) history.replaceState(null, "", location.pathname);
  if (code) say(words.code_read, "good");
}

const token = () => localStorage.getItem("worker.token") ?? "";
const today = () => new Date().toDateString();
let day = JSON.parse(localStorage.getItem("worker.day") ?? "null");
const whose = () => ({ token: token(), worker: day?.worker_id ?? null });

// Another link may be another worker's, who is to see nothing of the orders of the one before.
function take(link) {
  if (link !== token()) forgetDay();
  localStorage.setItem("worker.token", link);
}

function forgetDay() {
  day = null;
  localStorage.removeItem("worker.day");
}

// Yesterday's names and addresses are neither shown again nor kept, also where the page has been open all night.
function forgetYesterday() {
  if (day?.on !== today()) forgetDay();
}

async function load() {
  if (!token()) return say(words.no_link);
  let answer;
  try {
    const headers = { Authorization: `Worker ${token()}` };
    answer = await fetch("/api/v1/worker/orders", { headers, credentials: "omit" });
  } catch {
    return show();
  }
  if (answer.status === 401) {
    forgetDay(); // names and addresses leave the phone with the right to see them
    say(words.no_link);
  } else if (answer.ok) {
    day = { ...(await answer.json()), on: today() };
    localStorage.setItem("worker.day", JSON.stringify(day));
  }
  await show();
}

// The orders as they are on the server, and on top of it what the phone has yet to tell.
async function asTheyAre() {
  const list = structuredClone(day?.orders ?? []);
  const kept = await waiting();
  for (const item of kept) {
    const order = list.find((one) => one.id === item.order);
    if (!order) continue;
    order.waits = true;
    if (item.kind === "start") Object.assign(order, { state: "started", started_at: item.phone_at });
    if (item.kind === "end") Object.assign(order, { state: "told_end", finished_at: item.phone_at });
  }
  return { list, kept };
}

const time = (at) => new Date(at).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" });
const minutesSince = (at) => Math.floor((Date.now() - new Date(at)) / 60_000);

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function button(text, className, press) {
  const made = element("button", text, `btn ${className}`);
  made.type = "button";
  made.onclick = press;
  return made;
}

async function show() {
  forgetYesterday();
  const { list, kept } = await asTheyAre();
  document.getElementById("who").textContent = day ? `${day.worker} · ${day.organisation}` : "";
  const network = document.getElementById("network");
  network.textContent = kept.length ? words.waiting.replace("{count}", kept.length) : navigator.onLine ? "" : words.offline;
  network.dataset.waiting = kept.length;
  const running = list.find((order) => order.state === "started");
  box.replaceChildren(...list.map((order) => card(order, running)));
  if (day && !list.length) box.append(element("p", words.none, "empty"));
}

function card(order, running) {
  const made = element("article", "", `sheet order-${order.state}`);
  made.dataset.order = order.id;
  const head = element("h2", `${order.appointed_for ? time(order.appointed_for) : ""} ${order.service}`);
  const state = element("span", words[`state_${order.state}`] ?? order.state, "tag");
  const where = element("p", order.address, "address");
  const facts = element("p", "", "muted");
  facts.textContent = `${words.number} ${order.id} · ${words.minimum.replace("{minutes}", order.minimum_minutes)}`;
  const who = element("p", order.elder_name);
  if (order.phone) {
    const ring = element("a", `☎ ${order.phone}`, "ring");
    ring.href = `tel:${order.phone}`;
    who.append(" ", ring);
  }
  made.append(head, state, who, where);
  if (order.way_in) made.append(element("p", `${words.way_in}：${order.way_in}`));
  made.append(element("p", order.wish), facts);
  if (order.started_at) made.append(element("p", `${words.started} ${time(order.started_at)}`));
  if (order.finished_at) made.append(element("p", `${words.ended} ${time(order.finished_at)}`));
  if (order.minutes !== null) made.append(element("p", words.lasted.replace("{minutes}", order.minutes)));
  const row = element("div", "", "btn-row");
  if (order.state === "appointed") {
    const start = button(words.start, "btn-primary", () => act(order, "start"));
    start.disabled = Boolean(running);
    row.append(start);
    if (running) row.append(element("span", words.one_at_a_time, "muted"));
  } else if (order.state === "started") {
    row.append(button(words.end, "btn-success", () => end(order)));
  }
  row.append(button(words.note, "btn-outline-secondary", () => note(order)), photo(order));
  made.append(row);
  return made;
}

function position() {
  if (!navigator.geolocation) return null;
  return new Promise((resolve) => {
    const found = ({ coords: { latitude, longitude, accuracy } }) => resolve({ latitude, longitude, accuracy });
    setTimeout(() => resolve(null), POSITION_WITHIN);
    const wanted = { timeout: POSITION_WITHIN, maximumAge: 60_000 };
    navigator.geolocation.getCurrentPosition(found, () => resolve(null), wanted);
  });
}

async function act(order, kind) {
  const opened = scanned && Date.now() - scanned.at < CODE_GOOD ? { code: scanned.code, typed: false } : null;
  const given = opened ?? (await scan());
  scanned = null;
  if (!given) return;
  const who = whose();
  const phone_at = new Date().toISOString(); // now, however long the position takes
  await keep({ order: order.id, kind, phone_at, ...given, position: await position(), note: "" }, who);
  await told();
}

async function end(order) {
  const short = minutesSince(order.started_at) < order.minimum_minutes;
  const question = words.too_short.replace("{minutes}", order.minimum_minutes);
  if (!short || confirm(question)) await act(order, "end");
}

async function note(order) {
  const text = prompt(words.note_about)?.trim();
  if (!text) return;
  const phone_at = new Date().toISOString();
  await keep({ order: order.id, kind: "note", phone_at, code: "", typed: false, position: null, note: text.slice(0, 2000) }, whose());
  await told();
}

function photo(order) {
  const label = element("label", words.photo, "btn btn-outline-secondary");
  const input = element("input", "", "visually-hidden");
  Object.assign(input, { type: "file", accept: "image/*", capture: "environment" });
  input.onchange = async () => {
    const blob = input.files[0] && (await smaller(input.files[0]));
    if (!blob) return say(words.no_photo);
    await keep({ order: order.id, kind: "photo", phone_at: new Date().toISOString(), blob }, whose());
    await told();
  };
  label.append(input);
  return label;
}

// As a JPEG that goes through any network; null for what is no picture.
async function smaller(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  for (let width = Math.min(WIDEST, picture.width), quality = 0.8; ; width *= 0.8, quality *= 0.9) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, (picture.height * width) / picture.width];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob.size <= LARGEST || width < 200) return blob;
  }
}

async function told() {
  await show();
  const { became, left } = await send(whose(), (item, answer) => {
    if (!["taken", "too_short"].includes(answer.outcome)) say(answer.message ?? words.refused);
    else if (answer.outcome === "too_short") say(answer.message, "warning");
    else say(words[`told_${item.kind}`], "good");
  });
  if (became === "locked") say(words.no_link);
  if (became === "done" && (await waiting()).length > left) return told(); // kept while the last was on its way
  if (became === "done") await load();
  else await show();
}

readAddress();
addEventListener("hashchange", () => {
  readAddress();
  told();
});
addEventListener("online", told);
addEventListener("offline", show);
document.addEventListener("visibilitychange", () => !document.hidden && told());
document.getElementById("reload").onclick = told;
setInterval(async () => (await waiting()).length && told(), AGAIN);
navigator.serviceWorker?.register("/worker/offline.js", { scope: "/worker" }).catch(() => {}); // without it: online only
await show();
await told();
