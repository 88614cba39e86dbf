const FLOOR = 500;
const CEILING = 20_000;
const LONGEST_RESTART = 300;

/** Milliseconds before attempt `n` (from 0): 0.5–20 s with full jitter, as centrifuge does it. */
export function backoff(n: number, random: () => number): number {
  return Math.min(CEILING, FLOOR + random() * Math.min(CEILING, FLOOR * 2 ** n));
}

/** Milliseconds to wait after a restart's `after=2;spread=10` (seconds), null when it says neither. */
export function restartDelay(reason: string, random: () => number): number | null {
  const said = /^after=(\d+(?:\.\d+)?);spread=(\d+(?:\.\d+)?)$/.exec(reason);
  if (!said) return null;
  const [after, spread] = [seconds(said[1]), seconds(said[2])];
  return (after + random() * spread) * 1000;
}

function seconds(digits: string | undefined): number {
  return Math.min(LONGEST_RESTART, Number(digits));
}
