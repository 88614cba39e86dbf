import { render } from "lit/html.js";
import type { Client } from "../client";
import type { JobState } from "../protocol";
import { setAttribute } from "./attributes";
import { bringOne } from "./bring-one";
import { Api } from "./dashboard/api";
import { choicesOf } from "./dashboard/choices";
import type { Desk } from "./dashboard/desk";
import overviewStyles from "./dashboard/overview.css?inline";
import { OwnViews } from "./dashboard/own-views";
import type { Keys, Page } from "./dashboard/page";
import { Pages } from "./dashboard/pages";
import type { Choice } from "./dashboard/palette";
import { PaletteBox } from "./dashboard/palette-box";
import { chosen, keysAreOn } from "./dashboard/preferences";
import { Refresh } from "./dashboard/refresh";
import { Router } from "./dashboard/router";
import { firstOf, isOpenTo, type Listed, plain, type Route, type Viewer } from "./dashboard/routes";
import { drawShell } from "./dashboard/shell-drawing";
import { type Command, Shortcuts } from "./dashboard/shortcuts";
import { tell } from "./dashboard/words";
import shopStyles from "./dashboard/workshop.css?inline";
import { Follower, isHeld } from "./follower";
import styles from "./job-dashboard.css?inline";
import { paintSoon } from "./painter";
import { addressBelow } from "./service";

const SECOND = 1000;
const SAID = 6000; // milliseconds for which what was said stands there
const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
/** The elements of a job's page, whose files no other page needs. */
const BROUGHT = ["job-log", "job-tree"];

const sheets = [styles, overviewStyles, shopStyles].map((text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
});

/**
 * Everything that runs, what went wrong, and what can be done about it: the whole page.
 *
 * @tag job-dashboard
 * @attr {string} src - The address of the include, where that is not the one of `{% headway_scripts %}`.
 * @attr {string} base - The address below which its pages are; `dashboard/` below the include.
 * @attr {string} person - The id of whoever looks.
 * @attr {boolean} operator - Whether they see others' jobs, too: everybody's, unless they are `confined`.
 * @attr {boolean} confined - Whether of others' jobs they see only a part; the pages of everybody's jobs are not for them then.
 * @attr {string} preferences - The address of the page where one chooses how one is told; no link without it.
 * @attr {boolean} steers - Whether they may steer everybody's jobs.
 * @attr {string} command - What starts a worker, to be shown where there is none.
 * @attr {string} alerts - The address of `alerts.js`, where they may manage alerts.
 * @attr {"roomy" | "dense"} density - Set by the element: how much room a row has, for CSS.
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
  #views: OwnViews | undefined;
  #palette: PaletteBox | undefined;
  #pages: Pages | undefined;
  #route: Route = { page: "nowhere" };
  #shape = "";
  #said = "";
  #saying: ReturnType<typeof setTimeout> | undefined;
  #heard = 0;
  #written = 0;
  #wasLive = false;

  override connectedCallback(): void {
    this.shadow.adoptedStyleSheets = sheets;
    const base = new URL(this.getAttribute("base") || this.#below("dashboard/"), document.baseURI);
    this.#router = new Router(base, firstOf(this.#seesAll), (route) => this.#show(route));
    const desk = this.#deskOf(this.#router);
    this.#palette = new PaletteBox(desk, () => this.#choices(base));
    this.#pages = new Pages(desk, {
      base,
      command: this.getAttribute("command") || "celery worker",
      alerts: this.getAttribute("alerts") ?? "",
      preferences: this.getAttribute("preferences") ?? "",
    });
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
    this.#page?.leave();
    this.#pages?.each((page) => page.close?.());
    this.#views?.close();
    document.removeEventListener("keydown", this.#pressed);
    removeEventListener("resize", this.#measure);
    this.removeEventListener("job-again", this.#again);
    clearTimeout(this.#saying);
  }

  paint(): void {
    const page = this.#page;
    if (!page) return;
    this.#pages?.look();
    const second = Math.floor(performance.now() / SECOND);
    const shape = this.#shapeOf(page, second);
    const drawn = shape !== this.#shape;
    if (drawn) this.#draw(page, shape);
    const aged = second !== this.#written && !this.#pages?.jobs.feed.paused;
    page.paint?.(drawn || aged);
    this.#views?.look();
    this.#written = second;
    this.tickWhile(true);
  }

  protected watch(client: Client): (() => void)[] {
    const take = (state: JobState) => {
      this.#heard = Date.now();
      this.#pages?.take(state);
    };
    // Whoever sees fewer from now on, or others, is shown those.
    const refused = () => void this.#pages?.jobs.feed.reload();
    return this.follow(client, this.#operator ? "all" : "mine", take, () => {}, refused);
  }

  /** Whatever was missed while nobody heard is asked for. */
  protected changed(): void {
    const live = this.client?.status.phase === "live";
    if (live && !this.#wasLive && this.#heard > 0) this.#pages?.each((page) => page.renew?.());
    if (live) this.#heard = Date.now();
    this.#wasLive = live;
  }

  get #operator(): boolean {
    return this.hasAttribute("operator");
  }

  get #seesAll(): boolean {
    return this.#operator && !this.hasAttribute("confined");
  }

  get #viewer(): Viewer {
    return { operator: this.#seesAll, alerts: this.hasAttribute("alerts") };
  }

  get #page(): Page | undefined {
    return this.#pages?.of(this.#route.page);
  }

  #deskOf(router: Router): Desk {
    const api = new Api(this.include);
    this.#views = new OwnViews(
      api,
      () => paintSoon(this),
      () => isHeld(this.shadow.querySelector(".gone")),
    );
    return {
      api,
      views: this.#views,
      shadow: this.shadow,
      operator: this.#operator,
      seesAll: this.#seesAll,
      steers: this.hasAttribute("steers"),
      person: this.getAttribute("person") ?? "",
      now: () => this.now(),
      paused: () => this.#pages?.jobs.feed.paused ?? false,
      pause: (paused) => this.#pages?.jobs.feed.pause(paused),
      refresh: (ask, every) => new Refresh(ask, () => paintSoon(this), every),
      redraw: () => paintSoon(this),
      go: (route, replace) => router.go(route, replace),
      hrefOf: (route) => router.hrefOf(route),
      visit: (href, replace) => router.visit(href, replace),
      watchJob: (id, take, refused) =>
        this.client?.watch(`job:${id}`, take, { refused }) ?? (() => {}),
      watchTree: (root, take) => this.client?.watch(`tree:${root}`, take) ?? (() => {}),
      take: (state) => this.client?.take(state),
      say: (text) => this.#say(text),
    };
  }

  #below(path: string): string {
    return addressBelow(this.include, path).href;
  }

  /** Whoever sees no other's jobs is told nothing of all of them. */
  #show(asked: Route): void {
    const route = isOpenTo(this.#viewer, asked.page) ? asked : ({ page: "nowhere" } as const);
    const before = this.#route;
    if (before.page !== route.page) this.#page?.leave();
    this.#route = route;
    if (route.page === "job") this.#pages?.jobs.looked(route.id);
    this.#page?.open(asked);
    this.#shape = "";
    this.paint();
    // On a phone there is not room for all of them.
    const here = this.shadow.querySelector(".pages [aria-current]");
    here?.scrollIntoView({ block: "nearest", inline: "center" });
    if (before.page !== "nowhere" && before.page !== route.page && route.page !== "jobs") {
      this.shadow.getElementById("main")?.focus();
    }
  }

  #shapeOf(page: Page, second: number): string {
    const trouble = this.trouble();
    return JSON.stringify([
      [chosen("density"), chosen("zone"), chosen("voice")],
      [this.#route, page.shape, page.title, page.ages && second, this.#said, keysAreOn()],
      [
        this.#views?.version,
        this.#palette?.shape,
        this.#pages?.jobs.feed.paused,
        trouble,
        trouble && second,
        this.client?.status.phase,
      ],
    ]);
  }

  #draw(page: Page, shape: string): void {
    this.#shape = shape;
    setAttribute(this, "density", chosen("density"));
    const { feed } = (this.#pages as Pages).jobs;
    const { title } = page;
    const passed = Math.round((Date.now() - this.#heard) / SECOND);
    const shell = drawShell({
      route: this.#route,
      title,
      content: page.draw(),
      palette: (this.#palette as PaletteBox).draw(),
      way: page.drawWay?.() ?? null,
      hrefOf: (route) => this.#router?.hrefOf(route) ?? "",
      trouble: this.trouble(),
      stale: this.#heard > 0 ? tell("dataFrom", { time: seconds(passed) }) : "",
      live: this.client?.status.phase === "live",
      viewer: this.#viewer,
      readOnly: page.readOnly ?? this.#readOnly,
      paused: feed.paused,
      missed: feed.missed,
      said: this.#said,
      isSpoken: chosen("voice") === "on",
      views: this.#views as OwnViews,
      say: (text) => this.#say(text),
      keysOn: keysAreOn(),
      pause: () => feed.pause(!feed.paused),
      help: () => this.#sheet?.showModal(),
      retry: () => this.client?.connection.wake(),
    });
    render(shell, this.shadow);
    page.drawn?.();
    const full = `${title} · ${tell("dashboard")}`;
    if (document.title !== full) document.title = full;
  }

  get #readOnly(): string {
    const mayNot = this.hasAttribute("operator") && !this.hasAttribute("steers");
    return mayNot ? tell("readOnlyWhy") : "";
  }

  #choices(base: URL): readonly Choice[] {
    return choicesOf({
      viewer: this.#viewer,
      own: this.#views?.own ?? [],
      keys: this.#page?.keys ?? {},
      base,
      go: (route) => this.#router?.go(route),
      help: () => this.#sheet?.showModal(),
    });
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
    this.#page?.measure?.();
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
    const command = this.#shortcuts.read(event, performance.now(), typing);
    // One that needs a second key is none that is pressed by accident.
    if (!keysAreOn() && command !== "leave" && command !== "palette") return;
    if (command && this.#obey(command)) event.preventDefault();
  };

  /** Does what a key means; tells whether that was anything here. */
  #obey(command: Command): boolean {
    const to = (page: Listed) => () => this.#router?.go(plain(page));
    const anywhere: Keys = {
      help: () => this.#sheet?.showModal(),
      palette: () => this.#palette?.open(),
      overview: to("overview"),
      jobs: to("jobs"),
      tasks: to("tasks"),
      queues: to("queues"),
      workers: to("workers"),
      schedule: to("schedule"),
      alerts: to("alerts"),
      inbox: to("inbox"),
      settings: to("settings"),
    };
    if (!isOpenTo(this.#viewer, command)) return false;
    const deed = anywhere[command] ?? this.#page?.keys[command];
    deed?.();
    return deed !== undefined;
  }
}

function seconds(n: number): string {
  const options = { style: "unit", unit: "second", unitDisplay: "short" } as const;
  return n.toLocaleString(document.documentElement.lang || undefined, options);
}
