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
    const failed = action === "again_failed"; // both ways to run a job again have one address
    const path = `jobs/${encodeURIComponent(state.id)}/${failed ? "again" : action}`;
    take(await request(include, path, failed ? { only_failed: true } : said));
    open = false; // accepted: how long the job takes to notice is its own affair
  } catch (problem) {
    fail(problem instanceof Error ? problem.message : String(problem));
  }
  clearTimeout(timer);
}

/** Asks for an address below `api/`; throws an Error whose message can be shown. */
export async function request(
  include: string,
  path: string,
  said?: unknown,
  more: RequestInit = {},
): Promise<unknown> {
  const base = new URL(include, document.baseURI);
  base.pathname = base.pathname.replace(/\/?$/, "/");
  const answer = await fetch(new URL(`api/${path}`, base), {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json", ...csrf() },
    credentials: "same-origin",
    body: said === undefined ? null : JSON.stringify(said),
    ...more,
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
