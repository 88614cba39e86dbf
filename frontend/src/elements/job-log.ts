import type { LogLine } from "../protocol";
import { setAttribute } from "./attributes";
import styles from "./job-log.css?inline";
import { render } from "./lent";
import { drawLog, type Picture } from "./log-drawing";
import { isGap, type Row, type Taken } from "./log-lines";
import { linked, linkTo } from "./log-links";
import { LogPane } from "./log-pane";
import { LogReader } from "./log-reader";
import { LogSource } from "./log-source";
import { say } from "./log-words";
import { serviceAddress } from "./service";

const NARROW = 480; // pixels of an element that has no room for times

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/**
 * A job's log: its end as it grows, and all of it for who reads back.
 *
 * @tag job-log
 * @attr {string} job - The id of the job.
 * @attr {boolean} follow - Stays at the end while the job writes, until its reader goes up.
 * @attr {string} src - The address of the include, where that is not the one of `{% headway_scripts %}`.
 * @attr {string} status - Set by the element: what the job is doing, for CSS.
 * @attr {"connecting" | "live" | "stale" | "offline"} connection - Set by the element: whether it hears of its job, for CSS.
 * @attr {boolean} empty - Set by the element: whether the job has ended without a line, for CSS.
 * @csspart tools - What is above the lines: levels, search and buttons.
 * @csspart lines - The window on the lines.
 * @csspart latest - The button that leads to the end.
 * @csspart message - What is told in the place of lines.
 * @csspart foot - What is below the lines: the marked one, and how many there are.
 * @cssprop --headway-log-size - How high it is; 28rem.
 * @cssprop --headway-log-background - The ground of the lines.
 * @cssprop --headway-log-color - The colour of the lines.
 * @cssprop --headway-log-font - The typeface of the lines.
 * @cssprop --headway-radius - How round its corners are.
 * @cssprop --headway-font - The typeface of the rest; the page's, unless it is set.
 */
export class JobLog extends HTMLElement {
  static readonly observedAttributes: readonly string[] = ["job", "src", "follow"];

  readonly #root = this.attachShadow({ mode: "open" });
  #pane: LogPane | undefined;
  #source: LogSource | undefined;
  #size: ResizeObserver | undefined;
  #drawn = "";
  readonly #reader = new LogReader({
    element: this,
    root: this.#root,
    pane: () => this.#pane,
    source: () => this.#source,
    draw: () => this.#draw(),
  });
  #here = new AbortController();

  /** The id of the job, as the attribute. */
  get job(): string | null {
    return this.getAttribute("job");
  }
  set job(job: string | null) {
    setAttribute(this, "job", job);
  }

  /** The address of the include, as the attribute. */
  get src(): string | null {
    return this.getAttribute("src");
  }
  set src(src: string | null) {
    setAttribute(this, "src", src);
  }

  /** Whether it stays at the end, as the attribute. */
  get follow(): boolean {
    return this.hasAttribute("follow");
  }
  set follow(follow: boolean) {
    this.toggleAttribute("follow", follow);
  }

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [sheet];
    for (const name of ["job", "src", "follow"]) this.#upgrade(name);
    if (!this.#pane) this.#build();
    this.#size?.observe(this.#box);
    this.#here = new AbortController();
    this.#reader.listen(this.#here.signal);
    this.#open();
  }

  disconnectedCallback(): void {
    this.#source?.close();
    this.#pane?.stop();
    this.#size?.disconnect();
    this.#reader.news.stop();
    this.#here.abort();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || !this.#pane || before === now) return;
    if (name === "follow") {
      if (now === null) this.#pane.follow.stop();
      else this.#pane.toLatest();
    } else {
      this.#source?.close();
      this.#source = undefined;
      this.#begin();
      this.#open();
    }
  }

  get #box(): HTMLElement {
    return this.#root.querySelector(".lines") as HTMLElement;
  }

  /** Properties that were set before this class was known hide its accessors. */
  #upgrade(name: string): void {
    const own = Object.getOwnPropertyDescriptor(this, name);
    if (!own) return;
    Reflect.deleteProperty(this, name);
    Reflect.set(this, name, own.value);
  }

  #build(): void {
    this.#reader.times = this.offsetWidth === 0 || this.offsetWidth >= NARROW;
    this.#draw();
    this.#pane = new LogPane(this.#box, this.follow, {
      addressOf: (n) => linkTo(this, n),
      painted: () => {
        this.#reader.painted();
        this.#draw();
      },
      atBeginning: () => void this.#source?.fetchEarlier(),
    });
    this.#size = new ResizeObserver(() => this.#pane?.resized());
  }

  #open(): void {
    if (!this.job) return;
    const newest = this.dataset["log"] ? Number(this.dataset["log"]) : undefined;
    this.#source ??= new LogSource(this.job, serviceAddress(this.src), {
      began: () => this.#begin(),
      came: (taken) => this.#came(taken),
      preceded: () => this.#pane?.keep(() => this.#pane?.view.reset(this.#rows)),
      changed: () => this.#changed(),
    });
    this.#source.open(newest, linked(this));
    this.#changed();
  }

  get #rows(): readonly Row[] {
    return this.#source?.lines?.rows ?? [];
  }

  #begin(): void {
    this.#pane?.keep(() => this.#pane?.view.reset(this.#rows));
    if (this.#pane) this.#pane.since = this.#source?.newest ?? 0;
    this.#reader.goToLink();
    this.#changed();
  }

  #came(taken: Taken): void {
    this.#pane?.add(taken, this.#rows[0]?.n ?? 0);
    this.#reader.news.came(taken.added);
  }

  #changed(): void {
    setAttribute(this, "status", this.#source?.status ?? null);
    setAttribute(this, "connection", this.#source?.phase ?? null);
    this.toggleAttribute("empty", this.#source?.isEmpty ?? false);
    this.#pane?.soon();
  }

  #draw(): void {
    const picture = this.#picture();
    const shape = JSON.stringify(picture);
    if (shape !== this.#drawn) this.#render(picture);
    this.#drawn = shape;
    this.#write();
  }

  #render(picture: Picture): void {
    const focused = this.#root.activeElement;
    render(drawLog(picture), this.#root);
    // A button that goes away, or a row, must not throw its reader to the top of the page.
    if (focused && !this.#root.activeElement) this.#box.focus({ preventScroll: true });
  }

  /** By hand what each new line changes. */
  #write(): void {
    const note = this.#root.querySelector(".note");
    const told = this.#note();
    if (note && note.textContent !== told) note.textContent = told;
  }

  #picture(): Picture {
    const pane = this.#pane;
    const view = pane?.view;
    return {
      file: this.#source?.file ?? "",
      query: this.#reader.query,
      found: view?.found.length ?? 0,
      rank: view?.rank(pane?.marked ?? 0) ?? 0,
      times: this.#reader.times,
      wraps: pane?.wraps ?? false,
      announces: this.#reader.announces,
      marked: this.#line(pane?.marked ?? 0),
      away: pane?.away ?? false,
      missed: pane?.follow.missed ?? 0,
      empty: view && view.rows.length > 0 ? "" : this.#whyEmpty(),
      earlier: this.#earlier(),
      done: this.#reader.done,
      does: this.#reader.does,
    };
  }

  #note(): string {
    const { lines, trouble = "", isOver } = this.#source ?? {};
    const last = lines?.last ?? 0;
    if (trouble) return `${say("pausedAt", { n: last })} · ${say(trouble)}`;
    const count = last > 0 ? say("lines", { n: last }) : "";
    const follows = this.#pane?.follow.follows && lines && !isOver ? say("following") : "";
    return [count, follows].filter(Boolean).join(" · ");
  }

  #whyEmpty(): string {
    const source = this.#source;
    if (!source) return "";
    if (source.isRefused) return say("notAvailable");
    if (this.#rows.length > 0) return say("noneOfLevel");
    if (source.isOver) return say("noneAtAll");
    return say(source.status && source.newest === 0 ? "none" : "loading");
  }

  #earlier(): string {
    const { earlier } = this.#source ?? {};
    return earlier ? say(earlier === "loading" ? "earlier" : "noEarlier") : "";
  }

  #line(n: number): LogLine | undefined {
    const view = this.#pane?.view;
    const row = n > 0 ? view?.rows[view.indexOf(n)] : undefined;
    return row && row.n === n && !isGap(row) ? row : undefined;
  }
}
