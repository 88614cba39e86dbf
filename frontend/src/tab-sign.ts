/**
 * Shows the job of the page's first `<job-progress in-tab>` on its tab: how far it is in front of
 * the page's title and, while nobody looks, in the icon; then how it has ended, until somebody has
 * seen it. Without animation frames, which a hidden page is not given.
 */

import { drawIcon } from "./elements/tab-icon";
import { signOf } from "./elements/tab-words";
import type { JobState } from "./protocol";

const PAUSE = 1000; // a title that changes more often is noise, to a screen reader too
const LINGER = 5000;

type Bar = HTMLElement & { readonly snapshot: JobState | null };

let own = document.title;
let written = own;
let last = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let moved = false;
let icon: HTMLLinkElement | undefined;
let refused = false;

const bar = () => document.querySelector<Bar>("job-progress[in-tab]");

document.addEventListener("job-change", ({ target }) => {
  if (target !== bar()) return;
  moved = true;
  soon(last + PAUSE - Date.now());
});
document.addEventListener("visibilitychange", () => moved && soon(0));

// A policy without `img-src data:` is asked once.
document.addEventListener("securitypolicyviolation", ({ blockedURI }) => {
  if (!icon || !blockedURI.startsWith("data")) return;
  refused = true;
  point("");
});

// What was over when the page was made is no news.
void customElements.whenDefined("job-progress").then(() => {
  const state = bar()?.snapshot;
  moved = Boolean(state && !signOf(state)?.end);
  if (moved) soon(0);
});

function soon(milliseconds: number): void {
  timer ??= setTimeout(show, Math.max(milliseconds, 0));
}

function show(): void {
  timer = undefined;
  last = Date.now();
  const state = bar()?.snapshot ?? null;
  const sign = state && signOf(state, document.documentElement.lang || undefined);
  write(sign ? sign.text : "");
  point(document.hidden && sign && !refused ? drawIcon(sign) : "");
  // What has ended is news until it was seen, and a bar that is gone tells nothing any more.
  if (!sign || (sign.end && !document.hidden)) timer = setTimeout(leave, sign ? LINGER : 0);
}

function leave(): void {
  timer = undefined;
  moved = false;
  write("");
  point("");
}

/** The page may have another title by now. */
function write(sign: string): void {
  if (document.title !== written) own = document.title;
  written = sign ? `${sign} ${own}` : own;
  if (document.title !== written) document.title = written;
}

function point(address: string): void {
  if (!address) {
    icon?.remove();
    icon = undefined;
    return;
  }
  if (!icon) {
    icon = document.createElement("link");
    icon.rel = "icon";
    document.head.append(icon);
  }
  icon.href = address;
}
