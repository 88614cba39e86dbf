/** The numbers above the charts: how things stand now, and how the last hour was. */

import { number, rate, share, time } from "./amounts";
import type { Now } from "./metrics";
import { tell } from "./words";

const MOST = 100_000; // the service counts no further

export interface Kpi {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  /** The filter that shows what is counted; null where there is none. */
  readonly q: string | null;
  readonly look: "" | "wrong" | "warn";
}

export function kpisOf({ running, queued, stalled, hour }: Now): readonly Kpi[] {
  const broken = hour.failed + hour.lost;
  const counted = hour.covered > 0 ? null : tell("uncounted");
  return [
    { label: tell("kpiRunning"), value: open(running), note: "", q: "status:running", look: "" },
    { label: tell("kpiQueued"), value: open(queued), note: "", q: "status:queued", look: "" },
    {
      label: tell("kpiStalled"),
      value: number(stalled),
      note: stalled === null ? tell("storeAway") : "",
      q: null,
      look: stalled ? "warn" : "",
    },
    {
      label: tell("kpiFailed"),
      value: share(hour.ended > 0 ? broken / hour.ended : null),
      note: counted ?? tell("brokenOf", { n: broken, count: hour.ended }),
      q: "status:failed,lost age:<1h",
      look: broken > 0 ? "wrong" : "",
    },
    {
      label: tell("kpiWait"),
      value: time(hour.wait?.p95 ?? null),
      note: counted ?? tell("lastHour"),
      q: null,
      look: "",
    },
    { label: tell("kpiRate"), value: rate(hour.rate), note: tell("lately"), q: null, look: "" },
  ];
}

function open(count: number): string {
  return count >= MOST ? `${number(MOST)}+` : number(count);
}
