/**
 * Fetches what stands below a bar anew while its job moves, and once more when it has ended.
 *
 * Parts are marked with `data-live` and have an id. One that holds the focus is left alone, so that
 * nobody's place is lost.
 */

const PAUSE = 3000;

let due = 0;
let waiting = 0;
let request = null;

document.addEventListener("job-change", () => later(due - Date.now()));
document.addEventListener("job-end", () => {
  clearTimeout(waiting);
  waiting = 0;
  later(0);
});

function later(milliseconds) {
  if (waiting) return;
  waiting = setTimeout(refresh, Math.max(milliseconds, 200));
}

function refresh() {
  waiting = 0;
  due = Date.now() + PAUSE;
  request?.abort(); // an older answer that comes later would stay
  request = new XMLHttpRequest();
  request.open("GET", location.href);
  // Parsed by the browser: a strict policy lets no script turn text into markup.
  request.responseType = "document";
  request.addEventListener("load", ({ target }) => target.response && show(target.response));
  request.send();
}

function show(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const part = fresh.getElementById(old.id);
    if (part && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(part));
  }
}
