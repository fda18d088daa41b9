// Text messages by keys: 1-9 and the arrows choose a row, Enter opens it, S says that it was seen.

import { listen } from "/static/js/keys.js";
import { Rows } from "/static/js/rows.js";

const rows = new Rows(document.getElementById("main"));

listen({
  onLegKey: (key) => !(key === "Enter" && document.activeElement.matches("a, button")) && rows.onKey(key),
});
