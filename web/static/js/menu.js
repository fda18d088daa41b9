// The top bar: one part open at a time, closed by Escape or a press beside it; on a phone all of it behind one button.
// Wide tables that have to be scrolled can be scrolled by keyboard as well.

const bar = document.querySelector("header.bar");
const button = bar?.querySelector(".menu-button");
const parts = [...(bar?.querySelectorAll("details.nav-part") ?? [])];

function close({ but = null } = {}) {
  for (const part of parts) if (part !== but) part.open = false;
}

function narrow() {
  return button && getComputedStyle(button).display !== "none";
}

button?.addEventListener("click", () => {
  const open = bar.classList.toggle("open");
  button.setAttribute("aria-expanded", String(open));
  for (const part of parts) part.open = open;
});

for (const part of parts) {
  part.addEventListener("toggle", () => {
    if (part.open && !narrow()) close({ but: part });
  });
}

document.addEventListener("click", (event) => {
  if (!narrow()) close({ but: event.target.closest?.("details.nav-part") });
});

document.addEventListener("keydown", (event) => {
  const open = parts.find((part) => part.open);
  if (event.key !== "Escape" || !open || narrow()) return;
  const inside = open.contains(document.activeElement);
  close();
  if (inside) open.querySelector("summary").focus();
});

function letScroll() {
  for (const table of document.querySelectorAll("main .table")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else if (table.tabIndex === 0) table.removeAttribute("tabindex");
  }
}

addEventListener("resize", letScroll);
addEventListener("merged", letScroll);
letScroll();
