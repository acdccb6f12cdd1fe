/**
 * The script of the pages: times in the reader's zone, and a page that is fetched anew when the log has grown: at once where
 * somebody looks, and else, for its title, once in five seconds. Without it a page says the same, in UTC, as of when it was loaded. The address of what comes live is the body's `data-live`.
 */
export const liveScript = `'use strict';
const ages = [[86400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']];
function ago(iso) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
  for (const [size, unit] of ages) if (seconds >= size) return Math.floor(seconds / size) + unit + ' ago';
  return 'now';
}
function times() {
  for (const one of document.querySelectorAll('time[datetime]')) {
    const iso = one.getAttribute('datetime');
    one.title = iso.replace('T', ' ').replace(/\\.\\d+Z$/, ' UTC');
    const when = new Date(iso);
    one.textContent = one.hasAttribute('data-ago') ? ago(iso) : one.hasAttribute('data-clock') ? when.toLocaleTimeString() : when.toLocaleString();
  }
}
let busy = false;
let again = false;
let stale = false;
async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  stale = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    // What the log does not have as it was recorded is said, and no longer shown as if it were; what only fails just now is asked for again.
    if ((answer.ok || answer.status === 500) && page.body.dataset.position) {
      const focused = document.activeElement && document.activeElement.id;
      document.querySelector('main').replaceWith(page.querySelector('main'));
      document.title = page.title;
      document.body.dataset.position = page.body.dataset.position;
      if (focused) document.getElementById(focused)?.focus();
      times();
      stale = false;
    }
  } catch { /* The next event, or the next connection, asks again. */ }
  busy = false;
  if (again) { again = false; refresh(); }
}
let later = 0;
function news() {
  stale = true;
  if (!document.hidden) refresh();
  else if (later === 0) later = setTimeout(catchUp, 5000);
}
function catchUp() {
  clearTimeout(later);
  later = 0;
  if (stale) refresh();
}
times();
setInterval(times, 10000);
const live = document.body.dataset.live;
if (live) {
  const state = document.getElementById('live');
  const source = new EventSource(live + '?after=' + document.body.dataset.position);
  source.addEventListener('log', news);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) catchUp(); });
  source.addEventListener('open', () => { state.textContent = 'live'; if (stale) refresh(); });
  source.addEventListener('error', () => { state.textContent = 'not connected; trying again'; });
}
`;
