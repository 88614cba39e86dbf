/** The views that every dashboard has, and the filters that are one press away. */

import type { Word } from "./words";

export interface View {
  readonly name: Word;
  readonly q: string;
}

export const VIEWS: readonly View[] = [
  { name: "all", q: "" },
  { name: "runningView", q: "status:running" },
  { name: "failedView", q: "status:failed age:<1h" },
  { name: "slowView", q: "duration:>1m age:<1d" },
];

/** Whose all jobs are anyway needs no word for their own. */
export function quickFilters(operator: boolean): readonly View[] {
  const mine = { name: "mine", q: "owner:me" } as const;
  return [
    { name: "unfinished", q: "status:unfinished" },
    { name: "running", q: "status:running" },
    { name: "failed", q: "status:failed" },
    ...(operator ? [mine] : []),
  ];
}
