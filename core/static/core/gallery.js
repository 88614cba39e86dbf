/**
 * Serves the gallery: below the page's own address stand connections and answers that this page
 * has brought. The elements, their client and what its tabs share are the real ones; only what the
 * browser would ask the network for is answered here. Comes before the elements.
 */

const brought = JSON.parse(document.getElementById("gallery").textContent);
const HERE = new URL(document.baseURI).pathname;
const NO_CODE = 1005;

/** Returns what stands at an address, undefined where that is not ours. */
function feedAt(address) {
  const { pathname } = new URL(address, document.baseURI);
  if (!pathname.startsWith(HERE)) return undefined;
  return brought.feeds[pathname.slice(HERE.length).split("/")[0]];
}

/** A socket whose server is this page. */
class Feed {
  #feed;
  #address;
  #open = true;

  constructor(feed, address) {
    this.#feed = feed;
    this.#address = address;
    setTimeout(() => (feed.ended ? this.#end() : this.#say(feed.welcome)));
  }

  send(text) {
    const { type, topics } = JSON.parse(text);
    if (type !== "watch") return;
    for (const topic of Object.keys(topics)) {
      for (const frame of this.#feed.topics[topic] ?? []) this.#say(frame);
    }
    if (this.#feed.end) setTimeout(() => this.#end());
  }

  close() {
    this.#open = false;
  }

  #say(data) {
    if (this.#open) this.onmessage({ data });
  }

  async #end() {
    const { end } = this.#feed;
    this.#feed.ended = true; // whoever comes back finds it as it was left
    if (end === "leave") {
      const { connect } = await import(document.querySelector("script[data-headway-src]").src);
      connect(new URL(this.#address.replace("ws", "http").replace(/ws$/, "")).pathname).close();
    } else if (this.#open) {
      this.#open = false;
      const [code = NO_CODE, reason = ""] = end;
      this.onclose({ code, reason });
    }
  }
}

globalThis.WebSocket = new Proxy(WebSocket, {
  construct(Real, [address, ...more]) {
    const feed = feedAt(address);
    return feed ? new Feed(feed, String(address)) : new Real(address, ...more);
  },
});

const ask = globalThis.fetch;
globalThis.fetch = (address, options) => {
  const isOurs = feedAt(address) !== undefined;
  return isOurs ? Promise.resolve(answer(new URL(address), options)) : ask(address, options);
};

/** Answers as the service would, of which nothing is here. */
function answer({ pathname }, { body }) {
  const [, job, action] = /\/jobs\/([^/]+)\/(\w+)$/.exec(pathname) ?? [];
  if (brought.states[job]) return Response.json(brought.states[job], { status: 202 });
  if (action === "log") return new Response(brought.feeds.live.topics[`log:${job}`][0]);
  if (action) {
    const detail = "This is a specimen: nothing can be done to it.";
    return Response.json({ title: "Conflict", detail }, { status: 409 });
  }
  const { ids = [] } = body ? JSON.parse(body) : {};
  return Response.json({ ids, unread: 0, notices: [], next: null });
}

/** Presses what is to be pressed, once its button is there. */
function press(figure) {
  const action = figure.dataset.press;
  const buttons = figure.querySelector("job-progress").shadowRoot?.querySelectorAll("button");
  const place = { pause: 0, cancel: 1 }[action];
  if (buttons?.[place]) buttons[place].click();
  else requestAnimationFrame(() => press(figure));
}
for (const figure of document.querySelectorAll("[data-press]")) press(figure);
