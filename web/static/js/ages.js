// Clocks that count: every `<time data-age>` shows how long ago it was, by the server's clock.

const ahead = Date.parse(document.querySelector("meta[name=now]").content) - Date.now();

function text(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function count() {
  const now = Date.now() + ahead;
  for (const element of document.querySelectorAll("time[data-age]")) {
    const shown = text((now - Date.parse(element.dateTime)) / 1000);
    if (element.textContent !== shown) element.textContent = shown;
  }
}

setInterval(count, 1000);
count();
