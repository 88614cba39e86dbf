/** Says how a job's run compares with those of its task before it. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import { SHAPES } from "../icons";
import { spanOf } from "./times";
import { compared, rounded, secondsOf, type Usual } from "./usual";
import { drawIcon } from "./workshop-drawing";
import { say } from "./workshop-words";

const WORDS = { slower: "slower", faster: "faster", usual: "asUsual", open: "usually" } as const;

export function drawUsual(
  job: JobState,
  usual: Usual | null | undefined,
  now: number,
): TemplateResult | typeof nothing {
  if (!usual) return nothing;
  const { is, times } = compared(secondsOf(job, now), usual, job.status);
  const told = { times: rounded(times), time: spanOf(usual.p50) };
  const most = say("hardlyEver", { time: spanOf(usual.p95), n: usual.runs });
  return html`<p class="compared ${is}" title=${most}>
    ${is === "slower" ? drawIcon(SHAPES.stalled) : nothing}<span>${say(WORDS[is], told)}
      <span class="unseen">${most}</span></span></p>`;
}
