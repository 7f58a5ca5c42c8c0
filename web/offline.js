// Keeps the page's files, so that it works without a network after the first visit.
//
// Nothing gets stale: the page itself always comes from the network when there is one, and names
// its files with a stamp or a hash of their content. Such a file never changes, so it comes from
// the cache; any other file comes from the network first. A cache belongs to one content of the
// page, and goes when a new one is complete. So this may run while the page is worked on.

const PREFIX = 'zabscope-';
const HOME = new URL('./', self.location).href;
const STAMPED = /[?&]v=|-[0-9a-f]{16}(_bg)?\./;

self.addEventListener('install', event => {
  self.skipWaiting();
  event.waitUntil(fetch(HOME, { cache: 'no-cache' }).then(keep));
});

self.addEventListener('activate', event => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', event => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  const home = url.origin + url.pathname;
  if (request.mode === 'navigate') {
    if (home === HOME || home === HOME + 'index.html') event.respondWith(page(event));
  } else {
    event.respondWith(file(request, url));
  }
});

async function page(event) {
  try {
    const answer = await fetch(event.request);
    if (answer.ok) event.waitUntil(keep(answer.clone()));
    return answer;
  } catch {
    return await caches.match(HOME) ?? Response.error();
  }
}

async function file(request, url) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept && STAMPED.test(url.href)) return kept;
  try {
    return await fetch(request);
  } catch {
    return kept ?? Response.error();
  }
}

// Keeps this page with all files that it names, unless that was done.
async function keep(answer) {
  const html = await answer.text();
  const name = PREFIX + await digest(html);
  const cache = await caches.open(name);
  if (await cache.match(HOME)) return;
  await cache.addAll(files(html));
  // At last: a page in the cache means that the cache is complete.
  await cache.put(HOME, new Response(html, { headers: { 'Content-Type': 'text/html; charset=utf-8' } }));
  for (const other of await caches.keys()) {
    if (other.startsWith(PREFIX) && other !== name) await caches.delete(other);
  }
}

// Scripts, styles and wasm files of a page. The second module is named by its script alone, and in
// trunk's page not at all.
function files(html) {
  const found = [...html.matchAll(/["'](\.?\/[^"'\s]+\.(?:js|css|wasm)(?:\?[^"']*)?)["']/g)];
  const names = new Set(found.map(match => match[1]).filter(name => !name.includes('offline.js')));
  if (![...names].some(name => name.includes('worker.js'))) names.add('./worker.js');
  for (const name of [...names]) {
    if (name.includes('worker.js')) names.add(name.replace('worker.js', 'worker_bg.wasm'));
  }
  return [...names].map(name => new URL(name, HOME).href);
}

async function digest(text) {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(bytes, 0, 8)].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
