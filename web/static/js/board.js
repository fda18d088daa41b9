// A page that only looks: its fragment follows the live messages.

import "/static/js/ages.js";
import { Fragment } from "/static/js/fragments.js";
import { connect, onMessage } from "/static/js/live.js";

for (const element of document.querySelectorAll("[data-fragment]")) {
  const fragment = new Fragment(element);
  onMessage((message) => {
    if (fragment.concerns(message)) fragment.refresh();
  });
  connect(Number(element.dataset.seq));
}
