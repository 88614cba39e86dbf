/** What the pages of the dashboard are given by the element that shows them. */

import type { JobState, Refused } from "../../protocol";
import type { Api } from "./api";
import type { OwnViews } from "./own-views";
import type { Refresh } from "./refresh";
import type { Route } from "./routes";

export interface Desk {
  readonly api: Api;
  readonly shadow: ShadowRoot;
  /** Whether others' jobs are shown, even everybody's, and whether whoever looks may steer them. */
  readonly operator: boolean;
  readonly seesAll: boolean;
  readonly steers: boolean;
  /** The id of whoever looks. */
  readonly person: string;
  readonly views: OwnViews;
  /** The service's clock. */
  readonly now: () => number;
  /** Whether all that is shown stands still. */
  readonly paused: () => boolean;
  readonly pause: (paused: boolean) => void;
  /** Returns what asks again and again, every so many milliseconds. */
  readonly refresh: (ask: (signal: AbortSignal) => Promise<void>, every?: number) => Refresh;
  /** Draws soon what may look otherwise now. */
  readonly redraw: () => void;
  readonly go: (route: Route, replace?: boolean) => void;
  readonly hrefOf: (route: Route) => string;
  /** Goes where a link of the dashboard's leads. */
  readonly visit: (href: string, replace?: boolean) => void;
  /** Tells each new state of one job; returns what stops it. */
  readonly watchJob: (
    id: string,
    take: (state: JobState) => void,
    refused: (refused: Refused) => void,
  ) => () => void;
  /** Tells each new state of a root and of what is below it; returns what stops it. */
  readonly watchTree: (root: string, take: (state: JobState) => void) => () => void;
  /** Takes in a state that came with an answer. */
  readonly take: (state: unknown) => void;
  /** Says something to who does not look, and for a while to who does. */
  readonly say: (text: string) => void;
}

/** Whether whoever looks may do something to a job now. */
export function may(desk: Desk, job: JobState, action: string): boolean {
  return (desk.steers || job.owner === desk.person) && job.actions.includes(action);
}
