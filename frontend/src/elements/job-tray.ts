import { render } from "lit/html.js";
import type { Client } from "../client";
import type { JobState } from "../protocol";
import { Follower, isHeld } from "./follower";
import { HotPath } from "./hot-path";
import { sheet } from "./job-progress";
import styles from "./job-tray.css?inline";
import { paintSoon } from "./painter";
import { rowOf } from "./row";
import type { Steering } from "./steering";
import { formatNumber } from "./strings";
import { drawTray, type Picture } from "./tray-drawing";
import { endOf, type Shown, TrayList } from "./tray-list";
import { TrayMemory } from "./tray-memory";
import { TrayRoom } from "./tray-room";
import { type Look, lookOf, type View } from "./view";

const ROOTS = 20; // jobs that are told of by themselves, for the newest of one's own are others
const STEERED: readonly string[] = ["cancel", "answer"];
const STILL: View = {
  look: "running",
  word: "",
  title: "",
  fraction: null,
  unknown: false,
  percent: "",
  count: "",
  failed: "",
  more: "",
  rate: "",
  time: "",
  message: "",
};

const own = new CSSStyleSheet();
own.replaceSync(styles);

/**
 * One's running and just finished jobs, at the edge of every page.
 *
 * @tag job-tray
 * @attr {string} src - The address of the include, where that is not the one of `{% headway_scripts %}`.
 * @attr {string} page - The address of a job's page, with 00000000-0000-0000-0000-000000000000 in the place of its id; without it titles are no links.
 * @attr {"connecting" | "live" | "stale" | "offline"} connection - Set by the element: whether it hears of the jobs, for CSS.
 * @fires {CustomEvent<{state: JobState}>} job-click - A title was pressed; `preventDefault()` keeps the browser on the page.
 * @csspart pill - The line that opens the panel.
 * @csspart panel - The list of the jobs.
 * @csspart job - A job in it.
 * @csspart files - The list of a job's files.
 * @csspart label - A title.
 * @csspart status - The word for a status.
 * @csspart track - The whole of a bar.
 * @csspart bar - The part that is done.
 * @csspart value - The percentage.
 * @csspart message - What is told of a job, or what is wrong.
 * @cssprop --headway-accent - The colour of a running job's bar.
 * @cssprop --headway-track - The colour of what is not done yet.
 * @cssprop --headway-size - How thick a bar is.
 * @cssprop --headway-radius - How round the bars' ends are.
 * @cssprop --headway-font - The typeface; the page's, unless it is set.
 * @cssprop --headway-tray-inset - How far above the window's edge it is, above a bar of yours.
 * @cssprop --headway-tray-layer - The `z-index`; 900.
 * @cssprop --headway-tray-block - Set by the tray for the page: how much of the window's end it covers.
 * @cssprop --headway-tray-inline - Set by the tray for the page: how far toasts stand from the edge beside it.
 */
export class JobTray extends Follower {
  static readonly observedAttributes: readonly string[] = ["src", "page"];

  readonly #list = new TrayList();
  readonly #memory = new TrayMemory(() => localStorage);
  readonly #room = new TrayRoom(this);
  readonly #hot = new WeakMap<Element, HotPath>();
  /** What was asked for and is not to be seen yet, and why something was not done, by job. */
  readonly #pending = new Map<string, string>();
  readonly #problems = new Map<string, string>();
  #person = "";
  #shape = "";
  /** Who had the focus before the tray. */
  #before: HTMLElement | null = null;

  override connectedCallback(): void {
    this.shadow.adoptedStyleSheets = [sheet, own];
    this.#room.open();
    super.connectedCallback();
    addEventListener("storage", this.#remember);
    addEventListener("resize", this.#measure);
    document.addEventListener("focusin", this.#uncover);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#room.close();
    removeEventListener("storage", this.#remember);
    removeEventListener("resize", this.#measure);
    document.removeEventListener("focusin", this.#uncover);
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return;
    if (name === "src") this.begin();
    this.changed();
    paintSoon(this);
  }

  paint(smooth: boolean): void {
    const shown = this.#list.show({
      now: this.now(),
      dismissed: ({ id }) => this.#memory.has(id),
      elsewhere: elsewhere(this.#list),
      held: isHeld(this.#part("#panel")),
    });
    const shape = this.#shapeOf(shown);
    if (shape !== this.#shape) this.#draw(shown);
    this.#shape = shape;
    this.#write(shown, smooth);
    this.tickWhile(shown.jobs.length > 0);
  }

  protected watch(client: Client): (() => void)[] {
    const take = (state: JobState) => {
      if (client.user !== this.#person) this.#know(client.user ?? "");
      this.#list.take(state);
      if (!state.actions.includes(this.#pending.get(state.id) ?? ""))
        this.#pending.delete(state.id);
      paintSoon(this);
    };
    const told = () => {
      for (const root of this.#list.unknown(ROOTS)) this.watchToo(root);
    };
    return this.follow(client, "mine", take, told);
  }

  protected changed(): void {
    this.#shape = "";
  }

  #know(person: string): void {
    this.#person = person;
    this.#memory.of(person);
  }

  readonly #remember = ({ key }: StorageEvent): void => {
    if (key !== this.#memory.key) return;
    this.#know(this.#person);
    paintSoon(this);
  };

  /** All that Lit draws, as one text to compare: what is not in here is written by `HotPath`. */
  #shapeOf({ jobs, rest, summary }: Shown): string {
    const { fraction, ...counts } = summary;
    const rows = jobs.map((job) => [
      [job.id, this.#lookOf(job), job.fraction === null, job.title],
      [job.files, job.actions, job.question],
      [this.#pending.get(job.id), this.#problems.get(job.id)],
    ]);
    return JSON.stringify([
      rows,
      rest,
      counts,
      fraction === null,
      this.#memory.open,
      this.trouble(),
    ]);
  }

  #draw(shown: Shown): void {
    const focused = this.shadow.activeElement;
    const at = this.#rows().findIndex((row) => row.contains(focused));
    render(drawTray(this.#picture(shown)), this.shadow);
    if (focused && !focused.isConnected) this.#comeBack(at);
    this.#measure();
  }

  #picture(shown: Shown): Picture {
    return {
      shown,
      open: this.#memory.open,
      trouble: this.trouble(),
      lookOf: (job) => this.#lookOf(job),
      problemOf: ({ id }) => this.#problems.get(id) ?? "",
      pageOf: (job) => this.pageOf(job),
      steering: (job) => this.#steering(job),
      opened: (job, event) => this.opened(job, event),
      dismiss: (jobs) => this.#dismiss(jobs),
      toggle: () => this.#toggle(!this.#memory.open),
      pressed: (event) => this.#pressed(event),
      released: () => paintSoon(this),
    };
  }

  #write({ jobs, summary: { fraction } }: Shown, smooth: boolean): void {
    const pill = this.#part(".pill");
    if (!pill) return;
    const value = fraction === null ? "" : percent(fraction);
    this.#hotOf(pill).write({ ...STILL, fraction, percent: value }, value, [], smooth);
    if (!this.#memory.open) return;
    const now = this.now();
    for (const [at, row] of this.#rows().entries()) {
      const job = jobs[at];
      if (!job) continue;
      const view = rowOf(job, now);
      this.#hotOf(row).write(view, view.percent, [], smooth);
    }
  }

  /** The nodes may be others after a draw: they are few, so they are looked up anew. */
  #hotOf(part: Element): HotPath {
    const hot = this.#hot.get(part) ?? new HotPath(part);
    this.#hot.set(part, hot);
    hot.forget();
    return hot;
  }

  #lookOf(job: JobState): Look {
    return this.#pending.get(job.id) === "cancel" ? "cancelling" : lookOf(job);
  }

  #steering(job: JobState): Steering {
    const { id } = job;
    return {
      state: { ...job, actions: job.actions.filter((action) => STEERED.includes(action)) },
      include: this.include,
      pending: this.#pending.get(id) ?? "",
      note: (pending, problem) => {
        this.#pending.set(id, pending);
        this.#problems.set(id, problem);
        paintSoon(this);
      },
      take: (answer) => this.client?.take(answer),
    };
  }

  #dismiss(jobs: readonly JobState[]): void {
    this.#memory.dismiss(new Map(jobs.map((job) => [job.id, endOf(job)])), this.now());
    paintSoon(this);
  }

  #toggle(open: boolean): void {
    this.#memory.open = open;
    paintSoon(this);
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.#memory.open) return;
    event.stopPropagation();
    this.#part<HTMLElement>("button")?.focus();
    this.#toggle(false);
  }

  /** Gives the focus of what is gone to the row in its place, else back to where it was. */
  #comeBack(at: number): void {
    const row = this.#rows()[at] ?? this.#rows().at(-1);
    const next = row?.querySelector<HTMLElement>(".close") ?? row?.querySelector<HTMLElement>("a");
    (next ?? this.#part<HTMLElement>("button") ?? this.#before)?.focus();
  }

  readonly #measure = (): void => {
    this.#room.measure(this.#part(".pill"), this.#part<HTMLElement>("#panel"));
    if (this.#room.covers()) this.#room.uncover();
  };

  /** What gets the focus below the open panel is not to be hidden by it. */
  readonly #uncover = (event: Event): void => {
    if (event.target === this) return;
    this.#before = event.target instanceof HTMLElement ? event.target : null;
    if (!this.#room.covers()) return;
    if (this.#memory.open) this.#toggle(false);
    else this.#room.uncover();
  };

  #rows(): HTMLElement[] {
    return [...this.shadow.querySelectorAll<HTMLElement>(".job > li")];
  }

  #part<Part extends Element>(selector: string): Part | null {
    return this.shadow.querySelector<Part>(selector);
  }
}

/** Rounded down, as a bar says it. */
function percent(fraction: number): string {
  return formatNumber(Math.floor(fraction * 100 + 1e-9) / 100, { style: "percent" });
}

/** Tells whether the page itself shows a job with a bar of its own. */
function elsewhere(list: TrayList): (id: string) => boolean {
  const bars = [...document.getElementsByTagName("job-progress")];
  const shown = bars.filter((bar) => list.get(bar.job ?? "") && bar.checkVisibility());
  const ids = new Set(shown.map((bar) => bar.job));
  return (id) => ids.has(id);
}
