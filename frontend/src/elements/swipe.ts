/** Throws a toast out of the window towards the end of its line; its button does the same. */

const [FAR, FAST, SLACK] = [45, 0.11, 10]; // pixels, pixels a millisecond, pixels that mean nothing

/** Follows a finger or a pen; with a mouse text is selected. */
export function swipe(event: PointerEvent, gone: () => void): void {
  const { currentTarget: toast, pointerType, pointerId, clientX: from, timeStamp: since } = event;
  if (!(toast instanceof HTMLElement) || pointerType === "mouse") return;
  const forward = getComputedStyle(toast).direction === "rtl" ? -1 : 1;
  const over = new AbortController();
  const { signal } = over;
  let way = 0;
  const move = ({ clientX }: PointerEvent) => {
    way = Math.max(0, (clientX - from) * forward);
    toast.style.translate = `${way * forward}px`;
    // What is captured is no click on what is below the finger.
    if (way > SLACK) toast.setPointerCapture(pointerId);
  };
  const end = ({ type, timeStamp }: PointerEvent) => {
    over.abort();
    toast.style.translate = "";
    const isFast = way > SLACK && way / (timeStamp - since) > FAST;
    if (type === "pointerup" && (way >= FAR || isFast)) gone();
  };
  toast.addEventListener("pointermove", move, { signal });
  toast.addEventListener("pointerup", end, { signal });
  toast.addEventListener("pointercancel", end, { signal });
}
