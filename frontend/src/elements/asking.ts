/** Asks the service for something to be done to a job, and sees to it that somebody answers. */

import type { Steering } from "./steering";
import { words } from "./steering-words";

const PATIENCE = 10_000;
const TAG = "script[data-headway-src]";

/** Asks, shows it at once, and takes it back with the reason when it fails. */
export async function ask(steering: Steering, action: string, said?: unknown): Promise<void> {
  const { include, note, state, take } = steering;
  let open = true;
  const fail = (reason: string) => {
    if (open) note("", words("failed", { what: words(`${action}It`), reason }));
    open = false;
  };
  const timer = setTimeout(() => fail(words("noAnswer")), PATIENCE);
  note(action, "");
  try {
    take(await post(include, `${encodeURIComponent(state.id)}/${action}`, said));
    open = false; // accepted: how long the job takes to notice is its own affair
  } catch (problem) {
    fail(problem instanceof Error ? problem.message : String(problem));
  }
  clearTimeout(timer);
}

/** Throws an Error whose message can be shown. */
async function post(include: string, path: string, said: unknown): Promise<unknown> {
  const base = new URL(include, document.baseURI);
  base.pathname = base.pathname.replace(/\/?$/, "/");
  const answer = await fetch(new URL(`api/jobs/${path}`, base), {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json", ...csrf() },
    credentials: "same-origin",
    body: said === undefined ? null : JSON.stringify(said),
  });
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(reason(body) || answer.statusText || String(answer.status));
  return body;
}

function csrf(): Record<string, string> {
  const {
    headwayCsrfHeader: header,
    headwayCsrfCookie: cookie,
    headwayCsrf,
  } = document.querySelector<HTMLElement>(TAG)?.dataset ?? {};
  const token = headwayCsrf || readCookie(cookie || "csrftoken");
  return token ? { [header || "X-CSRFToken"]: token } : {};
}

function readCookie(name: string): string {
  const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

function reason(problem: unknown): string {
  if (typeof problem !== "object" || problem === null) return "";
  const said = "detail" in problem ? problem.detail : "title" in problem ? problem.title : "";
  return typeof said === "string" ? said : "";
}
