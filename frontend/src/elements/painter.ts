/**
 * Paints elements once per animation frame, those off the screen once a second: a screen reader
 * reads there too. One ticker serves all that ages.
 */

export interface Painted extends Element {
  paint(smooth: boolean): void;
}

const MOST_SMOOTH = 30; // on a page with more bars a transition costs more than all the rest
const SECOND = 1000;

const dirty = new Set<Painted>();
const visible = new Set<Element>();
const ticking = new Set<Painted>();
let present = 0;
let scheduled = 0;
let lastOfAll = 0;
let later: ReturnType<typeof setTimeout> | undefined;
let ticker: ReturnType<typeof setInterval> | undefined;
let observer: IntersectionObserver | undefined;

export function appear(element: Painted): void {
  observer ??= new IntersectionObserver(noteVisibility);
  observer.observe(element);
  present += 1;
  visible.add(element); // until the observer knows better, so that the first paint does not wait
}

export function disappear(element: Painted): void {
  observer?.unobserve(element);
  present -= 1;
  visible.delete(element);
  dirty.delete(element);
  tick(element, false);
}

export function paintSoon(element: Painted): void {
  dirty.add(element);
  scheduled ||= requestAnimationFrame(flush);
}

/** Paints the element every second for as long as it ages by itself. */
export function tick(element: Painted, wanted: boolean): void {
  if (wanted) ticking.add(element);
  else ticking.delete(element);
  if (ticking.size > 0) ticker ??= setInterval(paintVisible, SECOND);
  else ticker = void clearInterval(ticker);
}

function flush(): void {
  scheduled = 0;
  const now = performance.now();
  const everything = now - lastOfAll >= SECOND;
  if (everything) lastOfAll = now;
  const smooth = present <= MOST_SMOOTH;
  for (const element of dirty) {
    if (!everything && !visible.has(element)) continue;
    dirty.delete(element);
    element.paint(smooth && visible.has(element));
  }
  if (dirty.size > 0) later ??= setTimeout(schedule, SECOND);
}

function paintVisible(): void {
  for (const element of ticking) if (visible.has(element)) paintSoon(element);
}

function schedule(): void {
  clearTimeout(later);
  later = undefined;
  scheduled ||= requestAnimationFrame(flush);
}

function noteVisibility(entries: IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) visible.add(target);
    else visible.delete(target);
  }
  schedule();
}
