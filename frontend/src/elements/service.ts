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
