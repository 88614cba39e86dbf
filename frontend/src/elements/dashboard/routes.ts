/** The dashboard's addresses: what is shown is told by the address alone. Knows no page. */

/** What the query of each page's address can tell. */
const TOLD = {
  overview: ["span", "task", "queue"],
  jobs: ["q"],
  tasks: ["span", "by"],
  queues: [],
  workers: [],
  schedule: [],
  alerts: [],
  inbox: [],
  settings: [],
} as const;

type Told = typeof TOLD;
/** A page that the navigation leads to. */
export type Listed = keyof Told;
/** All of them, in its order. */
export const LISTED = Object.keys(TOLD) as readonly Listed[];

export type Route =
  | {
      readonly [Name in Listed]: { readonly page: Name } & Readonly<
        Record<Told[Name][number], string>
      >;
    }[Listed]
  | { readonly page: "job"; readonly id: string }
  | { readonly page: "nowhere" };

export type PageName = Route["page"];

/** Pages of everybody's jobs, which others have not. */
const OF_OPERATORS: readonly string[] = ["overview", "tasks", "queues", "workers", "schedule"];
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the dashboard's bare address shows. */
export function firstOf(operator: boolean): Listed {
  return operator ? "overview" : "jobs";
}

/** Who looks. */
export interface Viewer {
  /** Whether they see everybody's jobs. */
  readonly operator: boolean;
  /** Whether they may manage alerts. */
  readonly alerts: boolean;
}

/** Whether somebody may come to a page, or to what has its name. */
export function isOpenTo({ operator, alerts }: Viewer, page: string): boolean {
  return page === "alerts" ? alerts : operator || !OF_OPERATORS.includes(page);
}

/** Shows a page as it is without anything chosen. */
export function plain(page: Listed): Route {
  return routeWith(page, new URLSearchParams());
}

/** What an address below `base` shows, the bare one `first`; null for one that is not the dashboard's. */
export function routeOf(address: URL, base: URL, first: Listed = "jobs"): Route | null {
  if (address.origin !== base.origin || !address.pathname.startsWith(base.pathname)) return null;
  const path = address.pathname.slice(base.pathname.length).replace(/\/$/, "");
  const [page = "", id, ...more] = path.split("/");
  if (more.length === 0 && page === "jobs" && id !== undefined && ID.test(id))
    return { page: "job", id };
  if (id !== undefined) return { page: "nowhere" };
  const name = page || first;
  return isListed(name) ? routeWith(name, address.searchParams) : { page: "nowhere" };
}

/** The address that shows a route. */
export function addressOf(route: Route, base: URL): URL {
  const address = new URL(base);
  address.search = address.hash = "";
  if (route.page === "job") address.pathname += `jobs/${route.id}`;
  else if (route.page !== "nowhere") {
    address.pathname += route.page;
    const { page, ...told } = route;
    const said = Object.entries(told).filter(([, value]) => value);
    address.search = said.map(([key, value]) => `${key}=${readable(value)}`).join("&");
  }
  return address;
}

function isListed(name: string): name is Listed {
  return Object.hasOwn(TOLD, name);
}

function routeWith(page: Listed, query: URLSearchParams): Route {
  const told = TOLD[page].map((key) => [key, query.get(key) ?? ""]);
  return { page, ...Object.fromEntries(told) } as Route;
}

/** As `encodeURIComponent`, but for what people read in a filter, which means nothing in a query. */
function readable(said: string): string {
  return encodeURIComponent(said)
    .replace(/%(3A|2F|2C|40|2A)/g, decodeURIComponent)
    .replace(/%20/g, "+");
}
