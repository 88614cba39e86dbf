import { text } from "./strings";

const REGION = "headway-announcer";
const BETWEEN = 3000;
const BETWEEN_OF_A_JOB = 10_000;

interface News {
  readonly message: string;
  readonly end: boolean;
}

const waiting = new Map<string, News>();
const lastOfJob = new Map<string, number>();
let timer: ReturnType<typeof setTimeout> | undefined;
let last = -BETWEEN;

/** Puts the page's one polite live region there, before there is anything to say. */
export function prepareAnnouncer(): void {
  if (document.getElementById(REGION)) return;
  const region = document.createElement("div");
  region.id = REGION;
  region.setAttribute("role", "status");
  const hidden = { position: "absolute", width: "1px", height: "1px", overflow: "hidden" };
  Object.assign(region.style, hidden, { clipPath: "inset(50%)", whiteSpace: "nowrap" });
  document.body.append(region);
}

/** Says `message` about a job when its turn comes; a newer one of the same job takes its place. */
export function announce(element: Element, job: string, message: string, end = false): void {
  if (element.closest('[data-headway-announce="off"]')) return;
  const soon = performance.now() - (lastOfJob.get(job) ?? -BETWEEN_OF_A_JOB) < BETWEEN_OF_A_JOB;
  if (soon && !end) return;
  waiting.set(job, { message, end });
  timer ??= setTimeout(speak, Math.max(0, last + BETWEEN - performance.now()));
}

function speak(): void {
  timer = undefined;
  last = performance.now();
  const [first] = waiting;
  if (!first) return;
  const ended = [...waiting].filter(([, { end }]) => end).map(([job]) => job);
  const together = ended.length > 1 ? ended : [first[0]];
  say(together.length > 1 ? text("manyEnded", { n: together.length }) : first[1].message);
  for (const job of together) done(job);
  if (waiting.size > 0) timer = setTimeout(speak, BETWEEN);
}

function done(job: string): void {
  if (waiting.get(job)?.end) lastOfJob.delete(job);
  else lastOfJob.set(job, last);
  waiting.delete(job);
}

function say(message: string): void {
  const region = document.getElementById(REGION);
  if (!region) return;
  region.textContent = "";
  region.append(message); // emptied first, so that the same words are said again
}
