/**
 * Where the service is and how requests to it are signed. A module script does not know its own
 * tag, so `{% headway_scripts %}` marks it, and it is looked up by these attributes:
 *   data-headway-src           the address of the include, which also marks the tag
 *   data-headway-csrf-cookie   the cookie that holds Django's CSRF token
 *   data-headway-csrf          the token itself, where no script can read the cookie
 *   data-headway-csrf-header   the header that carries it
 */

const script = () => document.querySelector<HTMLElement>("script[data-headway-src]");

/** The address of the include: the element's own, the script's, or the usual one. */
export function serviceAddress(own: string | null): string {
  return own || script()?.dataset["headwaySrc"] || "/headway/";
}

/** Asks for an action on a job. Throws an Error whose message can be shown. */
export async function act(include: string, job: string, action: string): Promise<unknown> {
  const base = new URL(include, document.baseURI);
  base.pathname = base.pathname.replace(/\/?$/, "/");
  const address = new URL(`api/jobs/${encodeURIComponent(job)}/${action}`, base);
  const answer = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json", ...csrf() },
    credentials: "same-origin",
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
  } = script()?.dataset ?? {};
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
