/** What somebody has chosen for this browser; of each, the first one stands where nothing is kept. */

export const OPTIONS = {
  density: ["roomy", "dense"],
  zone: ["here", "utc"],
  pace: ["live", "second", "slow"],
  voice: ["on", "off"],
  keys: ["on", "off"],
} as const;

export type Preference = keyof typeof OPTIONS;

const PACES = { live: 0, second: 1000, slow: 5000 } as const;

export function chosen<Name extends Preference>(name: Name): (typeof OPTIONS)[Name][number] {
  const options: readonly string[] = OPTIONS[name];
  const value = kept(() => localStorage.getItem(keyOf(name))) ?? "";
  return (options.includes(value) ? value : options[0]) as (typeof OPTIONS)[Name][number];
}

export function choose(name: Preference, value: string): void {
  const isUsual = value === OPTIONS[name][0];
  kept(() =>
    isUsual ? localStorage.removeItem(keyOf(name)) : localStorage.setItem(keyOf(name), value),
  );
}

/** Milliseconds between two changes of what is shown; 0 for at once. */
export function pace(): number {
  return PACES[chosen("pace")];
}

/** For `Intl`; undefined is the zone of this browser. */
export function zone(): "UTC" | undefined {
  return chosen("zone") === "utc" ? "UTC" : undefined;
}

export function keysAreOn(): boolean {
  return chosen("keys") === "on";
}

function keyOf(name: Preference): string {
  return `headway-${name}`;
}

/** A browser may refuse to keep anything. */
function kept<Value>(task: () => Value): Value | null {
  try {
    return task();
  } catch {
    return null;
  }
}
