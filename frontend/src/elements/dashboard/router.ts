/** Follows the address: links below the dashboard are gone through without another page. */

import { addressOf, type Listed, type Route, routeOf } from "./routes";

export class Router {
  readonly base: URL;
  readonly #first: Listed;
  readonly #shown: (route: Route) => void;

  constructor(base: URL, first: Listed, shown: (route: Route) => void) {
    this.base = base;
    this.#first = first;
    this.#shown = shown;
  }

  get route(): Route {
    return this.#routeOf(new URL(location.href)) ?? { page: "nowhere" };
  }

  open(): void {
    document.addEventListener("click", this.#clicked);
    addEventListener("popstate", this.#moved);
    const { route } = this;
    // The dashboard itself is its first page.
    const listed = route.page !== "job" && route.page !== "nowhere";
    if (listed && this.hrefOf(route) !== location.href) this.#write(route, true);
  }

  close(): void {
    document.removeEventListener("click", this.#clicked);
    removeEventListener("popstate", this.#moved);
  }

  hrefOf(route: Route): string {
    return addressOf(route, this.base).href;
  }

  visit(href: string, replace = false): void {
    const route = this.#routeOf(new URL(href));
    if (route) this.go(route, replace);
  }

  go(route: Route, replace = false): void {
    this.#write(route, replace || this.hrefOf(route) === location.href);
    this.#moved();
  }

  #routeOf(address: URL): Route | null {
    return routeOf(address, this.base, this.#first);
  }

  #write(route: Route, replace: boolean): void {
    if (replace) history.replaceState(null, "", this.hrefOf(route));
    else history.pushState(null, "", this.hrefOf(route));
  }

  readonly #moved = (): void => this.#shown(this.route);

  readonly #clicked = (event: MouseEvent): void => {
    const special =
      event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (event.defaultPrevented || special) return;
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    if (!link || link.target || link.matches("[download]")) return;
    const address = new URL(link.href);
    const route = this.#routeOf(address);
    if (!route || address.hash) return;
    event.preventDefault();
    this.go(route);
  };
}
