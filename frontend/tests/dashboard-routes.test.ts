import { describe, expect, it } from "vitest";
import {
  addressOf,
  firstOf,
  isOpenTo,
  type Route,
  routeOf,
} from "../src/elements/dashboard/routes";

const BASE = new URL("https://example.org/headway/dashboard/");
const ID = "6f0e3a52-1111-4222-8333-444455556666";

const at = (path: string) => routeOf(new URL(path, BASE), BASE);

describe("an address of the dashboard", () => {
  it.each<[string, Route]>([
    ["", { page: "jobs", q: "" }],
    ["jobs", { page: "jobs", q: "" }],
    ["jobs/", { page: "jobs", q: "" }],
    ["jobs?q=status:failed+age:%3C1h", { page: "jobs", q: "status:failed age:<1h" }],
    [`jobs/${ID}`, { page: "job", id: ID }],
    ["inbox", { page: "inbox" }],
    ["settings", { page: "settings" }],
    ["jobs/1", { page: "nowhere" }],
    [`jobs/${ID}/log`, { page: "nowhere" }],
    ["overview", { page: "overview", span: "", task: "", queue: "" }],
    ["overview?span=7d&task=a.b", { page: "overview", span: "7d", task: "a.b", queue: "" }],
    ["tasks?by=queue", { page: "tasks", span: "", by: "queue" }],
    ["settings/1", { page: "nowhere" }],
    ["queues", { page: "queues" }],
    ["workers/", { page: "workers" }],
    ["queues/celery", { page: "nowhere" }],
    ["elsewhere", { page: "nowhere" }],
  ])("%s is read", (path, route) => {
    expect(at(path)).toEqual(route);
  });

  it.each(["/headway/", "/headway/api/jobs", "https://elsewhere.org/headway/dashboard/jobs"])(
    "%s is none",
    (path) => {
      expect(at(path)).toBeNull();
    },
  );

  it.each<Route>([
    { page: "jobs", q: "" },
    { page: "jobs", q: 'task:core.* tag:"two words" a&b=c#d%20+ü' },
    { page: "job", id: ID },
    { page: "settings" },
    { page: "overview", span: "30d", task: "", queue: "two words" },
    { page: "tasks", span: "1d", by: "" },
  ])("of %j leads back to it", (route) => {
    expect(routeOf(addressOf(route, BASE), BASE)).toEqual(route);
  });

  it("can be read by people", () => {
    const { search } = addressOf({ page: "jobs", q: "status:failed task:core.*" }, BASE);
    expect(search).toBe("?q=status:failed+task:core.*");
  });

  it("without a page is the first one", () => {
    expect(routeOf(BASE, BASE, firstOf(true))).toMatchObject({ page: "overview" });
    expect(routeOf(BASE, BASE, firstOf(false))).toMatchObject({ page: "jobs" });
  });

  it("of everybody's jobs is for operators", () => {
    const pages = ["overview", "jobs", "tasks", "job", "settings", "nowhere"] as const;
    expect(pages.filter((page) => isOpenTo({ operator: true, alerts: false }, page))).toEqual(
      pages,
    );
    expect(pages.filter((page) => isOpenTo({ operator: false, alerts: false }, page))).toEqual([
      "jobs",
      "job",
      "settings",
      "nowhere",
    ]);
  });
});
