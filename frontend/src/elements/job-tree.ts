import { render } from "lit/html.js";
import type { Client } from "../client";
import { isEnd, type JobState, type Refused } from "../protocol";
import { Branches, summed } from "./branches";
import { Follower, isHeld } from "./follower";
import { HotPath } from "./hot-path";
import { sheet } from "./job-progress";
import styles from "./job-tree.css?inline";
import { paintSoon } from "./painter";
import { rowOf } from "./row";
import { text } from "./strings";
import { drawTree, moreOf, type Picture, summaryOf } from "./tree-drawing";
import { move } from "./tree-keys";
import { TreePages } from "./tree-pages";
import { tell } from "./tree-words";
import { ages } from "./view";

const SENT = 190; // jobs of one tree; see the contract
const MANY = 30; // rows, of which no bar glides: that costs more than all the rest

const own = new CSSStyleSheet();
own.replaceSync(styles);

/**
 * The jobs that one job has started, and those that these have started.
 *
 * @tag job-tree
 * @attr {string} root - The id of the tree's root.
 * @attr {string} job - The id of a job within the tree, to show what it alone has started.
 * @attr {string} src - The address of the include, where that is not the one of `{% headway_scripts %}`.
 * @attr {string} page - The address of a job's page, with 00000000-0000-0000-0000-000000000000 in the place of its id; without it titles are no links.
 * @attr {"connecting" | "live" | "stale" | "offline"} connection - Set by the element: whether it hears of the jobs, for CSS.
 * @attr {boolean} empty - Set by the element: whether there is nothing to show, for CSS.
 * @fires {CustomEvent<{state: JobState}>} job-click - A title was pressed; `preventDefault()` keeps the browser on the page.
 * @csspart summary - The line that counts the jobs.
 * @csspart tree - All rows.
 * @csspart row - The row of a job.
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
 */
export class JobTree extends Follower {
  static readonly observedAttributes: readonly string[] = ["root", "job", "src", "page"];

  #hot = new WeakMap<Element, HotPath>();
  readonly #dirty = new Set<string>();
  #branches = new Branches("");
  #pages = new TreePages(this.include, "", () => {});
  /** Of the whole tree, which counts its jobs. */
  #whole: JobState | null = null;
  #refused: Refused | null = null;
  #told = false;
  #stale = true;
  #current = "";
  /** The branch of which more was asked for, with what was shown of it. */
  #next: readonly [string, ReadonlySet<string>] | null = null;

  override connectedCallback(): void {
    this.shadow.adoptedStyleSheets = [sheet, own];
    super.connectedCallback();
    for (const left of ["pointerleave", "focusout"]) this.addEventListener(left, this.#release);
    this.paint(false);
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return;
    if (name !== "page") this.begin();
    this.changed();
    paintSoon(this);
  }

  get #root(): string {
    return this.getAttribute("root") ?? "";
  }

  /** The job whose branches are shown: the root, unless another one is told. */
  get #top(): string {
    return this.getAttribute("job") || this.#root;
  }

  paint(smooth: boolean): void {
    if (this.#stale) this.#draw();
    const rows = this.shadow.querySelectorAll<HTMLElement>(".row:not(.rest)");
    const now = this.now();
    let aging = false;
    for (const item of rows) {
      const job = this.#branches.get(item.dataset["id"] ?? "");
      if (!job) continue;
      aging ||= ages(job);
      if (this.#dirty.has(job.id) || ages(job) || !this.#hot.has(item)) {
        this.#write(item, job, now, smooth && rows.length < MANY);
      }
    }
    this.#dirty.clear();
    this.tickWhile(aging);
  }

  protected watch(client: Client): (() => void)[] {
    this.#branches = new Branches(this.#top);
    this.#pages = new TreePages(this.include, this.#root, (job) => this.#takePaged(job));
    this.#whole = this.#refused = null;
    this.#told = false;
    if (!this.#root) return [];
    const told = () => {
      this.#told = this.#whole !== null;
      this.#again();
    };
    const refused = (refused: Refused) => {
      this.#refused = refused;
      this.#again();
    };
    return this.follow(client, `tree:${this.#root}`, (job) => this.#take(job), told, refused);
  }

  protected changed(): void {
    this.#stale = true;
  }

  readonly #release = (): void => this.#again();

  #again(): void {
    this.#stale = true;
    paintSoon(this);
  }

  #take(job: JobState): void {
    this.#refused = null;
    if (job.id === this.#root) this.#whole = job;
    if (this.#branches.take(job) || job.id === this.#root) this.#stale = true;
    this.#dirty.add(job.id);
    paintSoon(this);
  }

  /** Of a job that came by a page nothing is sent: what goes on is watched by itself. */
  #takePaged(state: unknown): void {
    this.client?.take(state);
    const { id } = state as Pick<JobState, "id">;
    const job = this.#branches.get(id);
    if (job && !isEnd(job.status)) this.watchToo(id);
  }

  #draw(): void {
    this.#stale = false;
    this.#branches.arrange(isHeld(this));
    const empty = this.#branches.below(this.#top).length === 0 && !this.#refused;
    if (this.hasAttribute("empty") !== empty) this.toggleAttribute("empty", empty);
    const first = this.#branches.below(this.#top)[0]?.id ?? "";
    render(drawTree(this.#picture(this.#current || first)), this.shadow);
    if (this.#current && !this.#item(this.#current)) {
      this.#current = ""; // its branch is closed
      render(drawTree(this.#picture(first)), this.shadow);
    }
    this.#hot = new WeakMap(); // the nodes may be others now
    this.#goToNext();
    this.#seekFailed();
  }

  #picture(current: string): Picture {
    const { loading, problem } = this.#pages;
    return {
      branches: this.#branches,
      top: this.#top,
      summary: summaryOf(this.#sums),
      note: this.#note(),
      unsent: this.#unsent,
      problem: problem && tell("wrong", { reason: problem }),
      loading,
      current,
      pageOf: (job) => this.pageOf(job),
      pressed: (event) => this.#pressed(event),
      clicked: (event) => this.#clicked(event),
      focused: (event) => this.#focused(event),
    };
  }

  get #sums(): Readonly<Record<string, number>> {
    const { children = null, status } = (this.#top === this.#root && this.#whole) || {};
    // Nobody tells of a root any more that has ended before all of its jobs.
    const isOld = isEnd(status) && this.#branches.size < SENT;
    return children && !isOld ? children : summed(this.#branches.below(this.#top));
  }

  /** Links of a chain that are still to follow are counted, and are nowhere to be read. */
  get #unsent(): number {
    if (this.#branches.size < SENT) return 0;
    const total = this.#top === this.#root && this.#told ? this.#whole?.children?.["total"] : 0;
    return Math.max(0, (total ?? 0) - this.#branches.size - this.#pages.missing);
  }

  #note(): string {
    const { code, text: said } = this.#refused ?? {};
    if (said !== undefined) return code === "not_found" ? text("notAvailable") : said;
    if (this.trouble()) return this.trouble();
    if (this.#branches.below(this.#top).length > 0) return "";
    return this.#told ? tell("none") : text("loading");
  }

  #write(item: HTMLElement, job: JobState, now: number, smooth: boolean): void {
    const hot = this.#hot.get(item) ?? new HotPath(item);
    this.#hot.set(item, hot);
    const view = rowOf(job, now);
    hot.write(view, view.percent, [], smooth);
  }

  /** Of a tree that is larger than what is sent, those that have failed must not be missing. */
  #seekFailed(): void {
    const { failed = 0, lost = 0 } = this.#whole?.children ?? {};
    if (this.#unsent > 0 && failed + lost > this.#branches.wrong) {
      void this.#pages.seek(failed + lost).then(() => this.#again());
    }
  }

  #item(id: string): HTMLElement | null {
    return this.shadow.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
  }

  #pressed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const item = target.closest<HTMLElement>("[role=treeitem]");
    if (!item || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Enter" && target.matches("a")) return; // the browser follows it
    const items = [...this.shadow.querySelectorAll<HTMLElement>("[role=treeitem]")];
    const moves = {
      focus: (one: HTMLElement | null | undefined) => one?.focus(),
      toggle: (one: HTMLElement, open: boolean) => this.#open(one, open),
      press: (one: HTMLElement) => this.#press(one),
    };
    if (move(event, item, items, moves)) event.preventDefault();
  }

  #clicked(event: Event): void {
    const target = event.target as Element;
    const item = target.closest<HTMLElement>("[role=treeitem]");
    const job = this.#branches.get(item?.dataset["id"] ?? "");
    if (job && target.closest(".title")) this.opened(job, event);
    else if (item?.dataset["more"]) this.#press(item);
    else if (item) this.#open(item, item.getAttribute("aria-expanded") === "false");
  }

  #focused(event: Event): void {
    const id = (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset["id"] ?? "";
    if (id === this.#current) return;
    this.#current = id;
    this.#again();
  }

  #open(item: HTMLElement, open: boolean): void {
    this.#branches.open(item.dataset["id"] ?? "", open);
    this.#stale = true;
    this.paint(false); // at once: the next key may come before the next frame
  }

  #press(item: HTMLElement): void {
    const group = item.dataset["more"];
    if (group) void this.#showMore(group);
    else item.querySelector<HTMLElement>(".title")?.click();
  }

  /** Shows further ones of those that are known, then of those that are not. */
  async #showMore(group: string): Promise<void> {
    const { jobs, more } = this.#branches.group(group);
    this.#next = [group, new Set(jobs.map(({ id }) => id))];
    this.#branches.showMore(group);
    if (more === 0) {
      const asked = this.#pages.next(
        () => this.#branches.size,
        () => this.#unsent,
      );
      this.#again();
      await asked;
    }
    this.#again();
  }

  /** Whoever has asked for more goes on with the first of them. */
  #goToNext(): void {
    if (!this.#next || this.#pages.loading) return;
    const [group, before] = this.#next;
    this.#next = null;
    const fresh = this.#branches.group(group).jobs.find(({ id }) => !before.has(id));
    this.#item(fresh?.id ?? moreOf(group))?.focus();
  }
}
