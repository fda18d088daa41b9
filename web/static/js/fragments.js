// Parts of a page that follow live messages: fetched again from the server and merged in, so that focus, scroll and
// whatever somebody is typing (`data-keep`) stay. One fetch at a time for each part, `data-pace` ms apart; messages
// meanwhile cause one more.

import { Idiomorph } from "/static/vendor/idiomorph/idiomorph.esm.js";

export class Fragment {
  constructor(element, afterwards = () => {}) {
    this.element = element;
    this.kinds = new Set(element.dataset.on.split(" "));
    this.afterwards = afterwards;
    this.pace = Number(element.dataset.pace ?? 0);
    this.busy = false;
    this.again = false;
  }

  concerns(message) {
    if (!this.kinds.has(message.kind)) return false;
    const only = this.element.dataset.case;
    const about = message.data.case ?? message.data.id;
    return !only || message.kind === "state" || message.kind === "controller" || about === only;
  }

  async refresh() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.again = false;
        await this.fetchOnce();
        if (this.pace) await new Promise((resume) => setTimeout(resume, this.pace));
      } while (this.again);
    } finally {
      this.busy = false;
    }
  }

  async fetchOnce() {
    let answer;
    try {
      answer = await fetch(this.element.dataset.fragment, { headers: { Accept: "text/html" } });
    } catch {
      return; // the live connection is down as well, and brings us back here when it returns
    }
    if (answer.status === 401) location.reload();
    if (!answer.ok) return;
    merge(this.element, await answer.text());
    dispatchEvent(new Event("merged"));
    this.afterwards();
  }
}

function merge(element, html) {
  Idiomorph.morph(element, html, {
    morphStyle: "innerHTML",
    // Only what is being typed stays: a row that has the focus is brought up to date like any other.
    ignoreActiveValue: document.activeElement?.matches("input, select, textarea") ?? false,
    callbacks: {
      beforeNodeMorphed: (old) => !(old instanceof Element && old.hasAttribute("data-keep")),
    },
  });
}
