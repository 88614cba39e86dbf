import { render } from "lit/html.js";
import type { Notice } from "../protocol";
import { drawInbox, type Picture } from "./inbox-drawing";
import { InboxList, type NewestNotices } from "./inbox-list";
import { say } from "./inbox-words";
import styles from "./job-inbox.css?inline";
import noticeStyles from "./notice.css?inline";
import { NoticeDesk } from "./notice-desk";

const UNDO = 8000;
const MINUTE = 60_000;
const GAP = 8; // pixels between the bell, the panel and the edges of the window
const down = (at: number, count: number) => Math.min(at + 1, count - 1);
const up = (at: number) => Math.max(at - 1, 0);
const MOVES: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowDown: down,
  j: down,
  ArrowUp: up,
  k: up,
  Home: () => 0,
  End: (_, count) => count - 1,
};

const sheet = new CSSStyleSheet();
sheet.replaceSync(noticeStyles + styles);

/**
 * A bell with a person's unread notices, and the list of all of them; or the list alone.
 *
 * @tag job-inbox
 * @attr {string} src - The address of the include, where that is not the one of `{% headway_scripts %}`.
 * @attr {string} page - The address of a job's page, with 00000000-0000-0000-0000-000000000000 in the place of its id.
 * @attr {boolean} whole - Whether the list stands on the page by itself, without a bell that opens it.
 * @attr {string} settings - The address of the page where one chooses how one is told; no link without it.
 * @fires {CustomEvent<{notice: Notice}>} notice-click - A notice was opened; `preventDefault()` keeps the browser on the page.
 * @slot - Stands there until the script has come; the template tag puts a link into it.
 * @csspart bell - The button.
 * @csspart badge - How many are unread.
 * @csspart panel - The list that the bell opens.
 * @csspart notice - One notice in it.
 * @cssprop --headway-font - The typeface; the page's, unless it is set.
 */
export class JobInbox extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #list = new InboxList();
  readonly #desk = new NoticeDesk(
    this,
    (newest) => this.#take(newest),
    () => this.#draw(),
  );
  #marked: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;
  #news = "";
  #begun = false;

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [sheet];
    this.#draw();
    this.#desk.open();
    if (this.#isWhole) this.#keepTime();
    addEventListener("resize", this.#place);
  }

  disconnectedCallback(): void {
    this.#desk.close();
    clearInterval(this.#clock);
    removeEventListener("resize", this.#place);
  }

  get #isWhole(): boolean {
    return this.hasAttribute("whole");
  }

  get #panel(): HTMLElement | null {
    return this.#root.querySelector<HTMLElement>("#panel");
  }

  #take(newest: NewestNotices): void {
    const before = Number(this.#list.notices[0]?.id ?? 0);
    this.#list.take(newest);
    const [latest] = newest.notices;
    const toasts = document.querySelector("job-toasts"); // which say it themselves
    if (this.#begun && latest && !toasts && Number(latest.id) > before) {
      this.#news = say("news", { title: latest.title, text: latest.text });
    }
    this.#begun = true;
    this.#draw();
  }

  #draw(): void {
    const focused = this.#root.activeElement;
    render(drawInbox(this.#picture()), this.#root);
    if (focused && !focused.isConnected) {
      (this.#root.querySelector<HTMLElement>(".undo button") ?? this.#panel)?.focus();
    }
  }

  #picture(): Picture {
    const { notices, unread, more } = this.#list;
    return {
      whole: this.#isWhole,
      notices,
      unread,
      more,
      now: this.#desk.now(),
      undo: this.#marked.length > 0,
      news: this.#news,
      problem: this.#desk.problem,
      settings: this.getAttribute("settings") ?? "",
      pageOf: (notice) => this.#desk.pageOf(notice),
      steering: (notice) => this.#desk.steering(notice),
      open: (notice, event) => this.#open(notice, event),
      mark: (notice) => void this.#mark([notice.id], notice.read_at === null),
      markAll: () => void this.#markAll(),
      takeBack: () => void this.#takeBack(),
      showOlder: () => void this.#showOlder(),
      toggled: (event) => this.#toggled(event as ToggleEvent),
      pressed: (event) => this.#pressed(event),
    };
  }

  #open(notice: Notice, event: Event): void {
    if (this.#desk.opened(notice, event)) void this.#mark([notice.id]);
  }

  async #mark(ids: readonly string[], read = true): Promise<void> {
    const done = this.#list.mark(read, ids);
    await this.#desk.mark(ids, read);
    done();
  }

  async #markAll(): Promise<void> {
    const until = this.#list.notices[0]?.id;
    this.#list.mark(true);
    const done = await this.#desk.ask("notices/read", { all: true, until });
    if (done === undefined) return;
    this.#marked = idsOf(done);
    this.#news = say("marked");
    this.#waitForUndo();
    this.#draw();
  }

  #waitForUndo(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Whoever is about to press it must not find it gone.
      if (this.#root.querySelector(".undo:is(:hover, :focus-within)")) this.#waitForUndo();
      else this.#forgetUndo();
    }, UNDO);
  }

  #forgetUndo(): void {
    clearTimeout(this.#timer);
    this.#marked = [];
    this.#draw();
  }

  async #takeBack(): Promise<void> {
    const ids = this.#marked;
    this.#forgetUndo();
    await this.#mark(ids, false);
  }

  async #showOlder(): Promise<void> {
    const at = this.#titles().length;
    const page = await this.#desk.ask(`notices?cursor=${this.#list.last}`, undefined, {
      method: "GET",
    });
    if (!isPage(page)) return;
    this.#list.add(page.notices, page.next !== null);
    this.#draw();
    this.#titles()[at]?.focus();
  }

  #toggled({ newState }: ToggleEvent): void {
    clearInterval(this.#clock);
    if (newState !== "open") {
      this.#comeBack();
      return;
    }
    this.#keepTime();
    this.#draw();
    this.#place();
    (this.#titles()[0] ?? this.#panel)?.focus();
  }

  /** Writes how old notices are. */
  #keepTime(): void {
    this.#clock = setInterval(() => this.#draw(), MINUTE);
  }

  /** Gives the bell the focus that the panel had; who has pressed elsewhere keeps it there. */
  #comeBack(): void {
    const isElsewhere = !this.matches(":focus") && document.activeElement !== document.body;
    if (!isElsewhere)
      this.#root.querySelector<HTMLElement>(".bell")?.focus({ preventScroll: true });
  }

  /** Puts the panel below its bell, and into the window. */
  readonly #place = (): void => {
    const panel = this.#panel;
    if (!panel?.matches(":popover-open")) return;
    const bell = this.getBoundingClientRect();
    const width = panel.offsetWidth;
    const left = Math.min(bell.right - width, innerWidth - width - GAP);
    panel.style.left = `${Math.max(left, GAP)}px`;
    panel.style.top = `${bell.bottom + GAP}px`;
    panel.style.maxHeight = `${innerHeight - bell.bottom - 2 * GAP}px`;
  };

  #titles(): HTMLElement[] {
    return [...this.#root.querySelectorAll<HTMLElement>("li .title")];
  }

  #pressed(event: KeyboardEvent): void {
    const { key, target, ctrlKey, altKey, metaKey, isComposing } = event;
    if (ctrlKey || altKey || metaKey || isComposing || !(target instanceof Element)) return;
    if (target.closest("input, select, textarea")) return;
    const letter = key.toLowerCase();
    const move = MOVES[key] ?? MOVES[letter];
    const titles = this.#titles();
    const here = target.closest("li");
    const at = titles.findIndex((title) => here?.contains(title));
    const dot = "eu".includes(letter) && here?.querySelector<HTMLElement>(`[data-key=${letter}]`);
    if (move) titles[move(at, titles.length)]?.focus();
    else if (dot) dot.click();
    else return;
    event.preventDefault();
  }
}

function idsOf(answer: unknown): string[] {
  return typeof answer === "object" &&
    answer !== null &&
    "ids" in answer &&
    Array.isArray(answer.ids)
    ? answer.ids
    : [];
}

interface Page {
  readonly notices: readonly Notice[];
  readonly next: string | null;
}

function isPage(answer: unknown): answer is Page {
  return typeof answer === "object" && answer !== null && "notices" in answer;
}
