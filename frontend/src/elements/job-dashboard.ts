import { html, render, type TemplateResult } from "lit/html.js";
import type { Client } from "../client";
import type { JobState } from "../protocol";
import { Api } from "./dashboard/api";
import type { Desk } from "./dashboard/desk";
import { JobPage } from "./dashboard/job-page";
import { JobsPage } from "./dashboard/jobs-page";
import { Router } from "./dashboard/router";
import type { Route } from "./dashboard/routes";
import { drawSettings, keysAreOn } from "./dashboard/settings";
import { drawShell } from "./dashboard/shell-drawing";
import { type Command, Shortcuts } from "./dashboard/shortcuts";
import { tell } from "./dashboard/words";
import { Follower } from "./follower";
import styles from "./job-dashboard.css?inline";
import { paintSoon } from "./painter";
import { addressBelow } from "./service";

const SECOND = 1000;
const SAID = 6000; // milliseconds for which what was said stands there
const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
/** The elements of a job's page, whose files no other page needs. */
const BROUGHT = ["job-log", "job-tree"];

const own = new CSSStyleSheet();
own.replaceSync(styles);

/**
 * Everything that runs, what went wrong, and what can be done about it: the whole page.
 *
 * @tag job-dashboard
 * @attr {string} src - The address of the include, where that is not the one of `{% headway_scripts %}`.
 * @attr {string} base - The address below which its pages are; `dashboard/` below the include.
 * @attr {string} person - The id of whoever looks.
 * @attr {boolean} operator - Whether they see everybody's jobs.
 * @attr {boolean} steers - Whether they may steer everybody's jobs.
 * @attr {"connecting" | "live" | "stale" | "offline"} connection - Set by the element: whether it hears of the jobs, for CSS.
 * @slot home - Leads back to the site; a link.
 * @slot bell - At the end of its head, for `<job-inbox>`.
 * @slot - Stands there until the script has come.
 * @cssprop --headway-font - The typeface; the page's, unless it is set.
 */
export class JobDashboard extends Follower {
  static readonly observedAttributes: readonly string[] = ["src"];

  readonly #shortcuts = new Shortcuts();
  #router: Router | undefined;
  #jobs: JobsPage | undefined;
  #job: JobPage | undefined;
  #route: Route = { page: "nowhere" };
  #shape = "";
  #said = "";
  #saying: ReturnType<typeof setTimeout> | undefined;
  #heard = 0;
  #written = 0;
  #wasLive = false;

  override connectedCallback(): void {
    this.shadow.adoptedStyleSheets = [own];
    const base = new URL(this.getAttribute("base") || this.#below("dashboard/"), document.baseURI);
    this.#router = new Router(base, (route) => this.#show(route));
    const desk = this.#deskOf(this.#router);
    this.#jobs = new JobsPage(desk);
    this.#job = new JobPage(desk, (id) => this.#placeOf(id));
    super.connectedCallback();
    this.#router.open();
    this.#show(this.#router.route);
    document.addEventListener("keydown", this.#pressed);
    addEventListener("resize", this.#measure);
    this.addEventListener("job-again", this.#again);
    for (const name of BROUGHT) bringOne(name);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#router?.close();
    this.#jobs?.feed.close();
    this.#job?.leave();
    document.removeEventListener("keydown", this.#pressed);
    removeEventListener("resize", this.#measure);
    this.removeEventListener("job-again", this.#again);
    clearTimeout(this.#saying);
  }

  paint(): void {
    const jobs = this.#jobs;
    if (!jobs) return;
    const second = Math.floor(performance.now() / SECOND);
    const shape = this.#shapeOf(second);
    const drawn = shape !== this.#shape;
    if (drawn) this.#draw(shape);
    const aged = second !== this.#written && !jobs.feed.paused;
    if (this.#route.page === "jobs") jobs.paint(drawn || aged);
    this.#written = second;
    this.tickWhile(true);
  }

  protected watch(client: Client): (() => void)[] {
    const take = (state: JobState) => {
      this.#heard = Date.now();
      this.#jobs?.feed.take(state);
    };
    return this.follow(client, this.hasAttribute("operator") ? "all" : "mine", take, () => {});
  }

  /** Whatever was missed while nobody heard is asked for. */
  protected changed(): void {
    const live = this.client?.status.phase === "live";
    if (live && !this.#wasLive && this.#heard > 0) void this.#jobs?.feed.renew();
    if (live) this.#heard = Date.now();
    this.#wasLive = live;
  }

  #deskOf(router: Router): Desk {
    return {
      api: new Api(this.include),
      shadow: this.shadow,
      operator: this.hasAttribute("operator"),
      steers: this.hasAttribute("steers"),
      person: this.getAttribute("person") ?? "",
      now: () => this.now(),
      redraw: () => paintSoon(this),
      go: (route, replace) => router.go(route, replace),
      hrefOf: (route) => router.hrefOf(route),
      watchJob: (id, take, refused) =>
        this.client?.watch(`job:${id}`, take, { refused }) ?? (() => {}),
      take: (state) => this.client?.take(state),
      say: (text) => this.#say(text),
    };
  }

  #below(path: string): string {
    return addressBelow(this.include, path).href;
  }

  #show(route: Route): void {
    const before = this.#route;
    this.#route = route;
    if (route.page === "jobs") this.#jobs?.open(route.q);
    if (before.page === "jobs" && route.page !== "jobs") this.#jobs?.leave();
    if (route.page === "job") {
      this.#jobs?.looked(route.id);
      this.#job?.open(route.id);
    } else this.#job?.leave();
    this.#shape = "";
    this.paint();
    if (before.page !== "nowhere" && before.page !== route.page && route.page !== "jobs") {
      this.shadow.getElementById("main")?.focus();
    }
  }

  #shapeOf(second: number): string {
    const { feed } = this.#jobs as JobsPage;
    const page =
      this.#route.page === "jobs"
        ? [this.#jobs?.shape, feed.missed]
        : [this.#job?.shape, this.#job?.title, second];
    const trouble = this.trouble();
    return JSON.stringify([
      [this.#route, page, this.#said, keysAreOn(), feed.paused],
      [trouble, trouble && second, this.client?.status.phase],
    ]);
  }

  #draw(shape: string): void {
    this.#shape = shape;
    const { feed } = this.#jobs as JobsPage;
    const trouble = this.trouble();
    const title = this.#title;
    const passed = Math.round((Date.now() - this.#heard) / SECOND);
    const shell = drawShell({
      route: this.#route,
      title,
      content: this.#content(),
      way: this.#route.page === "job" ? (this.#job?.drawWay() ?? null) : null,
      hrefOf: (route) => this.#router?.hrefOf(route) ?? "",
      trouble,
      stale: this.#heard > 0 ? tell("dataFrom", { time: seconds(passed) }) : "",
      live: this.client?.status.phase === "live",
      readOnly: this.hasAttribute("operator") && !this.hasAttribute("steers"),
      paused: feed.paused,
      missed: feed.missed,
      said: this.#said,
      keysOn: keysAreOn(),
      pause: () => feed.pause(!feed.paused),
      help: () => this.#sheet?.showModal(),
      retry: () => this.client?.connection.wake(),
    });
    render(shell, this.shadow);
    if (this.#route.page === "jobs") this.#jobs?.filter.show(feed.q);
    const full = `${title} · ${tell("dashboard")}`;
    if (document.title !== full) document.title = full;
  }

  get #title(): string {
    if (this.#route.page === "job") return this.#job?.title ?? "";
    if (this.#route.page === "nowhere") return tell("nowhere");
    return tell(this.#route.page);
  }

  #content(): TemplateResult {
    if (this.#route.page === "jobs" && this.#jobs) return this.#jobs.draw();
    if (this.#route.page === "job" && this.#job) return this.#job.draw();
    if (this.#route.page === "settings" && this.#router)
      return drawSettings(this.#router.base, () => paintSoon(this));
    const href = this.#router?.hrefOf({ page: "jobs", q: "" }) ?? "";
    return html`<div class="none"><a class="button" href=${href}>${tell("toJobs")}</a></div>`;
  }

  #placeOf(id: string) {
    const { feed } = this.#jobs as JobsPage;
    const href = (step: number) => {
      const beside = this.#jobs?.beside(id, step);
      return beside ? (this.#router?.hrefOf({ page: "job", id: beside }) ?? "") : "";
    };
    return {
      back: this.#router?.hrefOf({ page: "jobs", q: feed.q }) ?? "",
      at: feed.list.placeOf(id),
      count: feed.list.order.length,
      before: href(-1),
      behind: href(1),
    };
  }

  get #sheet(): HTMLDialogElement | null {
    return this.shadow.querySelector<HTMLDialogElement>("#sheet");
  }

  #say(text: string): void {
    clearTimeout(this.#saying);
    this.#said = text;
    this.#saying = setTimeout(() => {
      this.#said = "";
      paintSoon(this);
    }, SAID);
    paintSoon(this);
  }

  readonly #measure = (): void => {
    this.#jobs?.measure();
    this.#shape = "";
    paintSoon(this);
  };

  readonly #again = (event: Event): void => {
    const { state } = (event as CustomEvent<{ state: JobState }>).detail;
    event.preventDefault();
    this.client?.take(state);
    this.#router?.go({ page: "job", id: state.id });
  };

  readonly #pressed = (event: KeyboardEvent): void => {
    const target = event.composedPath()[0];
    const typing = target instanceof Element && target.matches(FIELDS);
    if (event.defaultPrevented || this.shadow.querySelector("dialog[open]")) return;
    if (!keysAreOn() && event.key !== "Escape") return;
    const command = this.#shortcuts.read(event, performance.now(), typing);
    if (command && this.#obey(command)) event.preventDefault();
  };

  /** Does what a key means; tells whether that was anything here. */
  #obey(command: Command): boolean {
    const [jobs, job, router] = [this.#jobs, this.#job, this.#router];
    if (!jobs || !job || !router) return false;
    const anywhere: Partial<Record<Command, () => void>> = {
      help: () => this.#sheet?.showModal(),
      jobs: () => router.go({ page: "jobs", q: "" }),
      settings: () => router.go({ page: "settings" }),
    };
    const inList: Partial<Record<Command, () => void>> = {
      filter: () => jobs.filter.focus(),
      next: () => jobs.move(1),
      previous: () => jobs.move(-1),
      select: () => jobs.toggle(),
      cancel: () => jobs.perform("cancel"),
      again: () => jobs.perform("again"),
      pause: () => jobs.feed.pause(!jobs.feed.paused),
      news: () => jobs.admit(),
      ...(jobs.hasChosen && { leave: () => jobs.clear() }),
    };
    const id = this.#route.page === "job" ? this.#route.id : "";
    const toJob = (step: number) => {
      const beside = jobs.beside(id, step);
      if (beside) router.go({ page: "job", id: beside }, true);
    };
    const ofJob: Partial<Record<Command, () => void>> = {
      next: () => toJob(1),
      previous: () => toJob(-1),
      cancel: () => job.perform("cancel"),
      again: () => job.perform("again"),
      back: () => router.go({ page: "jobs", q: jobs.feed.q }),
    };
    const here = this.#route.page === "jobs" ? inList : this.#route.page === "job" ? ofJob : {};
    const deed = anywhere[command] ?? here[command];
    deed?.();
    return deed !== undefined;
  }
}

function seconds(n: number): string {
  const options = { style: "unit", unit: "second", unitDisplay: "short" } as const;
  return n.toLocaleString(document.documentElement.lang || undefined, options);
}

/** Fetches the file of an element that stands inside this one, where no observer sees it. */
function bringOne(name: string): void {
  const tag = document.querySelector<HTMLScriptElement>("script[data-headway-elements]");
  const told: Record<string, string> = JSON.parse(tag?.dataset["headwayElements"] || "{}");
  const address = told[name];
  if (address && !customElements.get(name)) void import(/* @vite-ignore */ address);
}
