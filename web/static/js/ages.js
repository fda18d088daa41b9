// Clocks that count: every `<time data-age>` shows how long ago it was, every `<time data-due>` how long it is until
// then (with a plus, and `over` as its class, how long it is past), by the server's clock.

const ahead = Date.parse(document.querySelector("meta[name=now]").content) - Date.now();
const DAYS_FROM = 48; // hours: as the server writes it (`render.py`)
const DAYS = document.documentElement.lang.startsWith("zh") ? "天" : " d";

function text(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours >= DAYS_FROM) return `${Math.floor(hours / 24)}${DAYS} ${hours % 24}:${two(minutes)}`;
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function count() {
  const now = Date.now() + ahead;
  for (const element of document.querySelectorAll("time[data-age]")) {
    const shown = text((now - Date.parse(element.dateTime)) / 1000);
    if (element.textContent !== shown) element.textContent = shown;
  }
}

function countDown() {
  const now = Date.now() + ahead;
  for (const element of document.querySelectorAll("time[data-due]")) {
    const left = (Date.parse(element.dateTime) - now) / 1000;
    const shown = left < 0 ? `+${text(-left)}` : text(Math.ceil(left));
    if (element.textContent !== shown) element.textContent = shown;
    element.classList.toggle("soon", left >= 0 && left < 10);
    element.classList.toggle("over", left < 0);
  }
}

function all() {
  count();
  countDown();
}

setInterval(all, 1000);
all();
