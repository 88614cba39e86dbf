import type { Look } from "./view";

const RING = "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8Z";

/** One shape for each look (a path in a 16 × 16 box), so that none is told by colour alone. */
export const SHAPES: Readonly<Record<Look, string>> = {
  queued: RING,
  running:
    "M8 1.1a6.9 6.9 0 1 1 0 13.8A6.9 6.9 0 0 1 8 1.1ZM8 2.7a5.3 5.3 0 1 0 0 10.6A5.3 5.3 0 0 0 8 2.7ZM8 4.3a3.7 3.7 0 0 1 0 7.4Z",
  paused: `${RING}M6.4 5.8v4.4M9.6 5.8v4.4`,
  waiting: "M2 3h12v8.5H8L4.8 14v-2.5H2ZM5.2 7.2h.01M8 7.2h.01M10.8 7.2h.01",
  retrying: "M13.8 8a5.8 5.8 0 1 1-1.9-4.3L14 5.6M14 2v3.6h-3.6",
  cancelling: `${RING}M5.4 8h5.2`,
  succeeded: `${RING}M5.2 8.2l2 2 3.7-4.2`,
  warnings: `${RING}M8 4.8v4M8 11.2h.01`,
  stalled: "M8 2 14.6 13.6H1.4ZM8 6.4v3.4M8 11.7h.01",
  failed: `${RING}M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4`,
  cancelled: `${RING}M3.7 3.7l8.6 8.6`,
  lost: `${RING}M6.2 6.3a1.8 1.8 0 1 1 2.7 1.6c-.6.3-.9.7-.9 1.3M8 11.4h.01`,
};
