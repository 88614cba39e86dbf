/**
 * Shows each picture of a job as soon as it is finished: its job's states come over the page's own
 * connection. Of a tree larger than what that is sent, the rest is fetched with the page, seldom.
 */

const REFRESH = 3000;
const SENT = 190; // jobs of one tree; see the contract
const THUMBNAIL = "thumbnail.webp";
const ENDS = new Set(["succeeded", "failed", "cancelled", "lost"]);

const part = document.querySelector("[data-tiles]");
const list = part.querySelector("ul");
const root = part.dataset.tiles;
const shown = Number(part.dataset.shown);
const words = JSON.parse(part.dataset.words);
const tiles = new Map([...list.children].map((tile) => [tile.dataset.name, tile]));
let due = 0;
let waiting = 0;

// The very module that the page's bar is in, and so its connection.
const { connect } = await import(document.querySelector("script[data-headway-src]").src);
connect(document.querySelector("script[data-headway-src]").dataset.headwaySrc).watch(
  `tree:${root}`,
  (state) => (state.id === root ? count(state) : show(state)),
);

function count({ children, finished_at: ended }) {
  const total = children?.total ?? 0;
  if (total > shown) part.querySelector("[data-tiles-note]").hidden = false;
  if (total > SENT || ended) later(ended ? 500 : due - Date.now());
}

function show(state) {
  if (state.root !== root) return;
  const tile = tiles.get(state.title) ?? added(state.title);
  if (!tile || ENDS.has(tile.dataset.status) || tile.dataset.status === "unusable") return;
  paint(tile, state);
}

function added(name) {
  if (tiles.size >= shown) return null;
  const tile = document.createElement("li");
  tile.className = "tile";
  tile.dataset.name = name;
  const look = made("span", "look", "");
  look.setAttribute("aria-hidden", "true");
  const said = made("span", "name", name);
  said.title = name;
  tile.append(look, said, made("span", "said", ""));
  list.append(tile);
  tiles.set(name, tile);
  part.querySelector("[data-tiles-empty]").hidden = true;
  return tile;
}

function paint(tile, { status, failed, message, files }) {
  const unusable = status === "succeeded" && failed > 0;
  tile.dataset.status = unusable ? "unusable" : status;
  tile.querySelector(".said").textContent = unusable ? message : (words[status] ?? words.other);
  const file = files.find(({ name }) => name === THUMBNAIL);
  if (file && ENDS.has(status)) {
    tile.querySelector(".look")?.replaceWith(picture(file.url, tile.dataset.name));
  }
}

function picture(address, name) {
  const image = document.createElement("img");
  image.alt = part.dataset.alt.replace("{name}", name);
  image.decoding = "async";
  image.src = address;
  return image;
}

function made(kind, name, text) {
  const element = document.createElement(kind);
  element.className = name;
  element.textContent = text;
  return element;
}

function later(milliseconds) {
  if (waiting) return;
  waiting = setTimeout(refresh, Math.max(milliseconds, 200));
}

function refresh() {
  waiting = 0;
  due = Date.now() + REFRESH;
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  // Parsed by the browser: a strict policy lets no script turn text into markup.
  request.responseType = "document";
  request.addEventListener("load", () => request.response && take(request.response));
  request.send();
}

function take(fresh) {
  for (const tile of fresh.querySelectorAll("[data-tiles] li")) {
    const old = tiles.get(tile.dataset.name);
    if (old?.dataset.status === tile.dataset.status) continue;
    const mine = document.adoptNode(tile);
    if (old) old.replaceWith(mine);
    else list.append(mine);
    tiles.set(mine.dataset.name, mine);
  }
}
