// What the phone has to tell, kept in the phone (IndexedDB) until the server has it: scans, notes, photos, in the order
// in which they happened. Each has a key that it is told under: told twice, it counts once. Workers may share a phone:
// what one has done is told under the link that it was done with, or a newer one of the same worker, never under
// somebody else's.

const STORE = "waiting";
let opening;

function database() {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("worker", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "at", autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opening;
}

async function run(mode, work) {
  const store = (await database()).transaction(STORE, mode).objectStore(STORE);
  return new Promise((resolve, reject) => {
    const asked = work(store);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

export const waiting = () => run("readonly", (store) => store.getAll());
const forget = (item) => run("readwrite", (store) => store.delete(item.at));

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// `item`: {order, kind: start|end|note|photo, phone_at, code, typed, position, note, blob}; `whose`: {token, worker}, the
// link that the page has, and the number of its worker where that is known.
export const keep = (item, whose) => run("readwrite", (store) => store.add({ key: newKey(), ...item, ...whose }));

const shut = new Set(); // links of others that open nothing any more: what waits for them stays, and is not tried again

function tokenOf(item, whose) {
  const isTheirs = item.worker && item.worker === whose.worker;
  return isTheirs ? whose.token : (item.token ?? whose.token);
}

function request(item, token) {
  const headers = { Authorization: `Worker ${token}` };
  const path = `/api/v1/worker/orders/${item.order}`;
  const sent_at = new Date().toISOString();
  if (item.kind === "photo") {
    const asked = new URLSearchParams({ key: item.key, phone_at: item.phone_at, sent_at });
    headers["Content-Type"] = item.blob.type;
    return fetch(`${path}/photos?${asked}`, { method: "POST", credentials: "omit", headers, body: item.blob });
  }
  const { key, kind, phone_at, code, typed, position, note } = item;
  headers["Content-Type"] = "application/json";
  const body = JSON.stringify({ key, kind, phone_at, sent_at, code, typed, position, note });
  return fetch(`${path}/actions`, { method: "POST", credentials: "omit", headers, body });
}

let running = null;

// Tells what waits, the oldest first; stops at what cannot be told now. `told(item, answer)` after each that the server
// has judged. Gives back what became of it: "done", "later" (no network, a server that is away), or "locked" (the link
// opens nothing); and how many are `left` that wait for somebody's next link.
export function send(whose, told) {
  running ??= tell(whose, told).finally(() => (running = null));
  return running;
}

async function tell(whose, told) {
  shut.delete(whose.token);
  for (;;) {
    const kept = await waiting();
    const item = kept.find((one) => !shut.has(tokenOf(one, whose)));
    if (!item) return { became: shut.has(whose.token) ? "locked" : "done", left: kept.length };
    const token = tokenOf(item, whose);
    let answer;
    try {
      answer = await request(item, token);
    } catch {
      return { became: "later", left: kept.length };
    }
    if (answer.status === 401) {
      shut.add(token);
      continue;
    }
    if (answer.status >= 500 || [408, 429].includes(answer.status)) return { became: "later", left: kept.length };
    const said = await answer.json().catch(() => ({}));
    await forget(item);
    const refused = { outcome: "refused", message: Object.values(said.error?.fields ?? {})[0] ?? said.error?.message };
    told(item, answer.ok ? said : refused);
  }
}
