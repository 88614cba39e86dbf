/** Says how a job's run compares with those of its task before it. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import { SHAPES } from "../icons";
import { culpritOf, nameOf, type StageTime } from "./stage-times";
import { spanOf } from "./times";
import { compared, rounded, secondsOf, type Usual } from "./usual";
import { drawIcon } from "./workshop-drawing";
import { say } from "./workshop-words";

const NAME = "\0"; // stands for what is drawn in a sentence
const WORDS = { slower: "slower", faster: "faster", usual: "asUsual", open: "usually" } as const;

export function drawUsual(
  job: JobState,
  usual: Usual | null | undefined,
  now: number,
  stages: readonly StageTime[],
): TemplateResult | typeof nothing {
  if (!usual) return nothing;
  const seconds = secondsOf(job, now);
  const { is, times } = compared(seconds, usual, job.status);
  const at = is === "slower" ? culpritOf(stages, seconds - usual.p50) : null;
  const told = { times: rounded(times), time: spanOf(usual.p50) };
  const most = say("hardlyEver", { time: spanOf(usual.p95), n: usual.runs });
  return html`<p class="compared ${is}" title=${most}>
    ${is === "slower" ? drawIcon(SHAPES.stalled) : nothing}<span>${at ? drawAt(told, nameOf(at)) : say(WORDS[is], told)}
      <span class="unseen">${most}</span></span></p>`;
}

/** The sentence that names a stage, as the task has called it. */
function drawAt(told: Readonly<Record<string, string | number>>, stage: string): TemplateResult {
  const [before, behind] = say("slowerAt", { ...told, stage: NAME }).split(NAME);
  return html`${before}<em dir="auto">${stage}</em>${behind}`;
}
