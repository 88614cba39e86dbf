/**
 * Where the service is and how requests to it are signed. A module script does not know its own
 * tag, so `{% headway_scripts %}` marks it, and it is looked up by these attributes:
 *   data-headway-src           the address of the include, which also marks the tag
 *   data-headway-csrf-cookie   the cookie that holds Django's CSRF token
 *   data-headway-csrf          the token itself, where no script can read the cookie
 *   data-headway-csrf-header   the header that carries it
 */

/** The tag of the script that has the page's client. */
export const serviceScript = () =>
  document.querySelector<HTMLScriptElement>("script[data-headway-src]");

/** An address below the include; a share token in the include's query stays. */
export function addressBelow(include: string, path: string): URL {
  const address = new URL(include, document.baseURI);
  address.pathname = address.pathname.replace(/\/?$/, `/${path}`);
  return address;
}

/** The address of the include: the element's own, the script's, or the usual one. */
export function serviceAddress(own: string | null): string {
  return own || serviceScript()?.dataset["headwaySrc"] || "/headway/";
}
