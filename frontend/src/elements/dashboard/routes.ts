/** The dashboard's addresses: what is shown is told by the address alone. Knows no page. */

export type Route =
  | { readonly page: "jobs"; readonly q: string }
  | { readonly page: "job"; readonly id: string }
  | { readonly page: "settings" }
  | { readonly page: "nowhere" };

export type Page = Route["page"];

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What an address below `base` shows; null for one that is not the dashboard's. */
export function routeOf(address: URL, base: URL): Route | null {
  if (address.origin !== base.origin || !address.pathname.startsWith(base.pathname)) return null;
  const [page = "", id, ...more] = address.pathname
    .slice(base.pathname.length)
    .replace(/\/$/, "")
    .split("/");
  if (more.length > 0) return { page: "nowhere" };
  if (page === "jobs" && id !== undefined)
    return ID.test(id) ? { page: "job", id } : { page: "nowhere" };
  if (id !== undefined) return { page: "nowhere" };
  if (page === "" || page === "jobs")
    return { page: "jobs", q: address.searchParams.get("q") ?? "" };
  return page === "settings" ? { page } : { page: "nowhere" };
}

/** The address that shows a route. */
export function addressOf(route: Route, base: URL): URL {
  const address = new URL(base);
  address.search = address.hash = "";
  if (route.page === "jobs") {
    address.pathname += "jobs";
    if (route.q) address.search = `?q=${readable(route.q)}`;
  } else if (route.page === "job") address.pathname += `jobs/${route.id}`;
  else if (route.page === "settings") address.pathname += "settings";
  return address;
}

/** As `encodeURIComponent`, but for what people read in a filter, which means nothing in a query. */
function readable(q: string): string {
  return encodeURIComponent(q)
    .replace(/%(3A|2F|2C|40|2A)/g, decodeURIComponent)
    .replace(/%20/g, "+");
}
