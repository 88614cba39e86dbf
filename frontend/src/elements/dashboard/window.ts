/** Which rows of a long list are drawn: those in sight, and a few around them. Knows no page. */

export interface Sight {
  readonly top: number;
  readonly height: number;
  readonly row: number;
  readonly count: number;
}

const AROUND = 6; // rows that are there before they are scrolled to

export function inSight({ top, height, row, count }: Sight): readonly [from: number, to: number] {
  const first = Math.floor(Math.max(0, top) / row) - AROUND;
  const last = Math.ceil((Math.max(0, top) + height) / row) + AROUND;
  const to = Math.min(count, Math.max(0, last));
  return [Math.max(0, Math.min(first, to)), to];
}
