// The wallboard: figures anew when something has changed and every few seconds; the chart; and, when nothing comes any
// more, for how long.

import { count } from "/static/js/ages.js";
import { drawQuarters } from "/static/js/charts.js";
import { Fragment } from "/static/js/fragments.js";
import { connect, onMessage } from "/static/js/live.js";

const EVERY = 5000;
const wall = document.getElementById("wall");
const old = document.querySelector("[data-old]");
const clock = document.querySelector("[data-clock]");
const lang = document.documentElement.lang;
const DAY = { month: lang.startsWith("zh") ? "long" : "short", day: "numeric", weekday: "short" };
const shown = () => wall.querySelector("[data-taken]").dataset;
const version = shown().of;
let came = performance.now();
let taken = shown().taken;

const draw = drawQuarters(document.getElementById("chart"), () => JSON.parse(document.getElementById("chart-data").textContent));

const fragment = new Fragment(wall, () => {
  if (shown().of !== version) location.reload(); // we were updated
  count();
  draw();
});

function tick() {
  if (shown().taken !== taken) [taken, came] = [shown().taken, performance.now()];
  const seconds = Math.floor((performance.now() - came) / 1000);
  const isOld = seconds >= Number(wall.dataset.oldAfter);
  document.body.classList.toggle("is-old", isOld);
  const minutes = String(Math.floor(seconds / 60));
  old.textContent = isOld ? `${old.parentElement.dataset.oldText} ${minutes}:${String(seconds % 60).padStart(2, "0")}` : "";
  clock.textContent = new Date().toLocaleString(lang, { ...DAY, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

onMessage((message) => {
  if (fragment.concerns(message)) fragment.refresh();
});
setInterval(() => fragment.refresh(), EVERY);
setInterval(tick, 1000);
tick();
connect(Number(wall.dataset.seq));
