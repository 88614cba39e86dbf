/** What a bar hands to the elements that steer its job; they come in a file of their own. */

import type { JobState } from "../protocol";

/** What of a job these elements show: a bar has its state, a notice no more than this. */
export type Steered = Pick<JobState, "id" | "title" | "name" | "failed" | "actions" | "question">;

export interface Steering {
  readonly state: Steered;
  /** The address of the include, as the bar knows it. */
  readonly include: string;
  /** The action that was asked for and that the job's state does not show yet; "" for none. */
  readonly pending: string;
  /** Takes in what is asked for now, and why it failed; "" for what is not so. */
  readonly note: (pending: string, problem: string) => void;
  /** Takes in the service's answer. */
  readonly take: (answer: unknown) => void;
}
