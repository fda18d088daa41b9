// The note of a case: saved on the server a moment after each word, so that it is there on another machine and on the
// screens of the others. What cannot be saved stays here and is tried again. Who writes the same note in two places
// chooses; nothing is overwritten unseen.

import { get, post } from "/static/js/api.js";
import { draftOf, keep } from "/static/js/drafts.js";

const PAUSE = 800; // ms after the last key
const AGAIN = 3000; // ms until the next try

export class Note {
  constructor(form, words) {
    this.form = form;
    this.words = words;
    this.area = form.elements.note;
    this.case = form.dataset.case;
    const draft = draftOf(form);
    this.version = draft.version ?? null; // of the server's text that this one was made from ...
    this.saved = draft.saved ?? ""; // ... and that text
    this.known = false; // whether the server was asked since the page was loaded
    this.theirs = null; // what was written elsewhere, while somebody has to choose
    this.timer = 0;
    this.busy = false;
    this.over = false;
    this.area.addEventListener("input", () => this.later(PAUSE));
    this.online = () => this.later(0);
    addEventListener("online", this.online);
    form.querySelector("[data-note-take]").addEventListener("click", () => this.choose(true));
    form.querySelector("[data-note-keep]").addEventListener("click", () => this.choose(false));
    this.read();
  }

  path() {
    return `cases/${encodeURIComponent(this.case)}/notes`;
  }

  // All notes of the case: the others' are shown; one's own is taken over where nothing was typed since.
  async read() {
    let items;
    try {
      items = (await get(this.path())).items;
    } catch {
      if (this.area.value !== this.saved) this.show("unsaved");
      this.later(AGAIN);
      return;
    }
    if (this.over) return;
    this.showOthers(items.filter((note) => !note.mine));
    this.known = true;
    const mine = items.find((note) => note.mine);
    const unsaved = this.area.value !== this.saved;
    if (mine && (mine.text === this.area.value || !unsaved)) this.take(mine);
    else if (mine && mine.version !== this.version) this.ask(mine);
    else if (unsaved) this.later(PAUSE);
  }

  take(mine) {
    this.version = mine.version;
    this.saved = mine.text;
    if (this.area.value !== mine.text) this.area.value = mine.text;
    keep(this.form, { version: mine.version, saved: mine.text });
    if (mine.text) this.show("saved", mine.saved_at);
  }

  later(wait) {
    clearTimeout(this.timer);
    if (!this.over) this.timer = setTimeout(() => (this.known ? this.save() : this.read()), wait);
  }

  async save() {
    const text = this.area.value;
    if (this.busy) return this.later(PAUSE);
    if (this.over || this.theirs || text === this.saved) return undefined;
    this.busy = true;
    this.show("saving");
    try {
      const body = this.version === null ? { text } : { text, version: this.version };
      const saved = await post(this.path(), body);
      this.version = saved.version;
      this.saved = text;
      if (!this.over) keep(this.form, { version: saved.version, saved: text });
      this.show("saved", saved.saved_at);
      if (this.area.value !== text) this.later(PAUSE);
    } catch (error) {
      this.show("unsaved");
      if (error.status === 409) await this.read();
      else this.later(AGAIN);
    } finally {
      this.busy = false;
    }
    return undefined;
  }

  ask(mine) {
    this.theirs = mine;
    this.show("conflict");
    this.form.querySelector("[data-note-theirs]").textContent = mine.text;
    this.form.querySelector("[data-note-conflict]").hidden = false;
  }

  choose(take) {
    const mine = this.theirs;
    this.theirs = null;
    this.form.querySelector("[data-note-conflict]").hidden = true;
    this.version = mine.version;
    this.saved = mine.text;
    if (take) this.take(mine);
    else this.save();
  }

  // The form leaves the page: what was typed last is saved on the way.
  stop() {
    if (this.known) this.save();
    this.over = true;
    removeEventListener("online", this.online);
    clearTimeout(this.timer);
  }

  show(state, at = null) {
    const place = this.form.querySelector("[data-note-state]");
    const clock = at ? new Date(at).toLocaleTimeString(document.documentElement.lang) : "";
    place.dataset.noteState = state;
    place.textContent = this.words[state].replace("{at}", clock);
  }

  showOthers(notes) {
    const list = document.querySelector(`[data-notes="${CSS.escape(this.case)}"]`);
    list?.replaceChildren(
      ...notes.map((note) => {
        const [line, who, text] = ["li", "b", "p"].map((tag) => document.createElement(tag));
        who.textContent = note.name;
        text.textContent = note.text;
        line.append(who, text);
        return line;
      }),
    );
  }
}
