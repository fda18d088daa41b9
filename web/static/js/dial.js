// A button beside a number rings one's own seat and then them (`data-dial`, `data-phone`). Calls are made at the desk,
// where the phone is: from any other page we go there first and say what is to be rung. On every page by itself.

import { post, tell } from "/static/js/api.js";

const WISH = "dial";
const TRIES = 30; // twice a second: the page's phone may have to register first

async function dial(wish) {
  try {
    await post("calls", wish);
  } catch (error) {
    tell(error.message);
  }
}

// What another page wanted rung, once the seat's phone is there.
async function dialWhatWasWanted() {
  const wish = sessionStorage.getItem(WISH);
  if (!wish) return;
  sessionStorage.removeItem(WISH);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const state = document.getElementById("own-seat")?.dataset.state;
    if (state && state !== "offline") break;
    await new Promise((resume) => setTimeout(resume, 500));
  }
  await dial(JSON.parse(wish));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-dial]");
  if (!button || button.disabled) return;
  const wish = { to: button.dataset.dial, phone: Number(button.dataset.phone ?? 0) };
  if (!document.getElementById("desk")) {
    sessionStorage.setItem(WISH, JSON.stringify(wish));
    location.assign("/desk");
    return;
  }
  button.disabled = true;
  await dial(wish);
  button.disabled = false;
});

if (document.getElementById("desk")) dialWhatWasWanted();
