// Keeps the worker's page in the phone, so that it opens without a network. The server puts NAME and FILES before this.
// What the page shows and what it has to tell is the page's own (worker_queue.js); nothing of the API is kept here.

/* global NAME, FILES */

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("worker-") && name !== NAME);
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(old(names).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// The network first, so that a new page is seen at once; without one, what was kept.
self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || pathname.startsWith("/api/")) return;
  event.respondWith(
    fetch(event.request).catch(async () => (await caches.match(event.request, { ignoreVary: true })) ?? Response.error()),
  );
});
