// What the phone has to tell, kept in the phone (IndexedDB) until the server has it: scans, notes, photos, in the order
// in which they happened. Each has a key that it is told under: told twice, it counts once.

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

// `item`: {order, kind: start|end|note|photo, phone_at, code, typed, position, note, blob}
export const keep = (item) => run("readwrite", (store) => store.add({ key: newKey(), ...item }));

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
// has judged. Gives back "done", "later" (no network, a server that is away), or "locked" (the link opens nothing).
export function send(token, told) {
  running ??= tell(token, told).finally(() => (running = null));
  return running;
}

async function tell(token, told) {
  for (;;) {
    const [item] = await waiting();
    if (!item) return "done";
    let answer;
    try {
      answer = await request(item, token);
    } catch {
      return "later";
    }
    if (answer.status === 401) return "locked";
    if (answer.status >= 500 || [408, 429].includes(answer.status)) return "later";
    const said = await answer.json().catch(() => ({}));
    await forget(item);
    const refused = { outcome: "refused", message: Object.values(said.error?.fields ?? {})[0] ?? said.error?.message };
    told(item, answer.ok ? said : refused);
  }
}
