import { repeat } from "lit/directives/repeat.js";
import { html, nothing, render, type TemplateResult } from "lit/html.js";
import type { Notice } from "../protocol";
import type { NewestNotices } from "./inbox-list";
import { say } from "./inbox-words";
import styles from "./job-toasts.css?inline";
import noticeStyles from "./notice.css?inline";
import { NoticeDesk } from "./notice-desk";
import { drawIcon, drawNotice, type Shown } from "./notice-drawing";
import { swipe } from "./swipe";
import { Teller } from "./teller";
import { ToastStack } from "./toast-stack";

const [SECONDS, UNDO] = [8, 8000];
const SOON = 100; // milliseconds in which another tab may say that somebody sees the bar
const [FEW, NARROW] = [3, 480]; // toasts together, pixels below which there is room for one
const CROSS = "M4 4l8 8M12 4l-8 8";

const sheet = new CSSStyleSheet();
sheet.replaceSync(noticeStyles + styles);

/**
 * What is new, for a while, at the edge of the window; all of it is in the inbox too.
 *
 * @tag job-toasts
 * @attr {string} src - The address of the include, where that is not the one of `{% headway_scripts %}`.
 * @attr {string} page - The address of a job's page, with 00000000-0000-0000-0000-000000000000 in the place of its id.
 * @attr {"bottom-end" | "bottom-start" | "top-end" | "top-start"} position - Where in the window; at the top of a phone's.
 * @attr {number} seconds - How long a success is shown, 8 unless it is set; with 0 until it is closed.
 * @fires {CustomEvent<{notice: Notice}>} notice-click - A notice was opened; `preventDefault()` keeps the browser on the page.
 * @csspart notice - One toast.
 * @cssprop --headway-toasts-layer - The `z-index`; 1000.
 * @cssprop --headway-toasts-inset - How far from the top of the window, below what is fixed there.
 * @cssprop --headway-font - The typeface; the page's, unless it is set.
 */
export class JobToasts extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #stack = new ToastStack();
  readonly #desk = new NoticeDesk(
    this,
    (newest) => this.#take(newest),
    () => this.#draw(),
  );
  readonly #teller = new Teller(
    this.#stack,
    this.#desk,
    (notice) => this.#close(notice),
    () => this.#draw(),
  );
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #before: Element | null = null;
  /** What was closed last, and can be taken back. */
  #closed: string | undefined;
  #undo: ReturnType<typeof setTimeout> | undefined;

  /** How long a success is shown; with 0 until it is closed, as failures and questions are. */
  get seconds(): number {
    const said = this.getAttribute("seconds");
    return said === null || Number.isNaN(Number(said)) ? SECONDS : Number(said);
  }

  get #shown(): readonly Notice[] {
    return this.#stack.shown(innerWidth < NARROW ? 1 : FEW);
  }

  /** Where Alt+T leads. */
  get #first(): HTMLElement | null {
    return this.#root.querySelector<HTMLElement>("li .title, .undo button");
  }

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [sheet];
    this.#draw();
    this.#teller.open();
    this.#desk.open();
    document.addEventListener("visibilitychange", this.#turned);
    document.addEventListener("keydown", this.#focus);
  }

  disconnectedCallback(): void {
    this.#desk.close();
    this.#teller.close();
    clearTimeout(this.#undo);
    this.#stop();
    document.removeEventListener("visibilitychange", this.#turned);
    document.removeEventListener("keydown", this.#focus);
  }

  #take(newest: NewestNotices): void {
    const fresh = this.#stack.take(newest, isSeen);
    this.#teller.take(fresh, newest.notices);
    if (fresh.length > 0) setTimeout(() => this.#draw(), SOON);
    else this.#draw();
  }

  readonly #turned = (): void => {
    this.#teller.turned(this.#shown);
    this.#schedule();
  };

  #draw(): void {
    const focused = this.#root.activeElement;
    render(this.#picture(), this.#root);
    if (focused && !focused.isConnected) this.#comeBack();
    this.#schedule();
  }

  #picture(): TemplateResult {
    const shown: Shown = {
      now: this.#desk.now(),
      pageOf: (notice) => this.#desk.pageOf(notice),
      steering: (notice) => this.#desk.steering(notice),
      open: (notice, event) => {
        if (this.#desk.opened(notice, event)) this.#close(notice);
      },
    };
    const { problem } = this.#desk;
    const toasts = repeat(
      this.#shown,
      ({ id }) => id,
      (notice) =>
        drawNotice(notice, shown, this.#drawClose(notice), (event: PointerEvent) =>
          swipe(event, () => this.#dismiss(notice)),
        ),
    );
    return html`<section aria-label=${say("toasts")} aria-live="polite" aria-atomic="false"
      @pointerenter=${this.#schedule} @pointerleave=${this.#schedule}
      @focusin=${this.#schedule} @focusout=${this.#schedule} @keydown=${this.#pressed}>
      ${problem ? html`<p class="wrong" role="alert">${problem}</p>` : nothing}
      <ul role="list" class="job" tabindex="-1">${toasts}</ul>
      ${
        this.#closed
          ? html`<p class="undo">${say("dismissed")}
            <button class="plain" type="button" @click=${this.#takeBack}>${say("undo")}</button></p>`
          : nothing
      }
    </section>`;
  }

  #drawClose(notice: Notice): TemplateResult {
    const label = say("close", { title: notice.title });
    return html`<button class="close" type="button" aria-label=${label}
      @click=${() => this.#dismiss(notice)}>${drawIcon(CROSS)}</button>`;
  }

  /** Who closes it has read it, unless it waits for an answer. */
  #close({ id, question }: Notice): void {
    this.#stack.close(id);
    if (question) this.#draw();
    else void this.#desk.mark([id]);
  }

  /** Closes it, for now. */
  #dismiss(notice: Notice): void {
    this.#close(notice);
    if (notice.question) return;
    this.#closed = notice.id;
    this.#forgetLater();
    this.#draw();
  }

  #forgetLater(): void {
    clearTimeout(this.#undo);
    this.#undo = setTimeout(() => {
      // Whoever is about to press it must not find it gone.
      if (this.#root.querySelector(".undo:is(:hover, :focus-within)")) this.#forgetLater();
      else this.#forgetClosed();
    }, UNDO);
  }

  #forgetClosed(): void {
    this.#closed = undefined;
    this.#draw();
  }

  readonly #takeBack = async (): Promise<void> => {
    const id = this.#closed;
    if (!id) return;
    this.#stack.recall(id);
    this.#forgetClosed();
    await this.#desk.mark([id], false);
  };

  /** Counts while nobody is at it: not below a pointer, with the focus in it, or in a hidden tab. */
  readonly #schedule = (): void => {
    const rests = document.hidden || this.#root.querySelector("section:is(:hover, :focus-within)");
    const leaving = this.seconds > 0 && !rests ? this.#shown.filter(isSuccess) : [];
    const ids = new Set(leaving.map(({ id }) => id));
    for (const [id, timer] of this.#timers) if (!ids.has(id)) this.#forget(id, timer);
    for (const id of ids) if (!this.#timers.has(id)) this.#timers.set(id, this.#leaveLater(id));
  };

  #leaveLater(id: string): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#timers.delete(id);
      this.#stack.close(id);
      this.#draw();
    }, this.seconds * 1000);
  }

  #forget(id: string, timer: ReturnType<typeof setTimeout>): void {
    clearTimeout(timer);
    this.#timers.delete(id);
  }

  #stop(): void {
    for (const [id, timer] of this.#timers) this.#forget(id, timer);
  }

  /** Alt+T goes to the newest toast, and Escape closes the one that has the focus. */
  readonly #focus = (event: KeyboardEvent): void => {
    const first = this.#first;
    if (!event.altKey || event.code !== "KeyT" || !first) return;
    event.preventDefault();
    this.#before = document.activeElement;
    first.focus();
  };

  readonly #pressed = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !(event.target instanceof Element)) return;
    const at = [...this.#root.querySelectorAll("li")].findIndex((li) =>
      li.contains(event.target as Node),
    );
    const notice = this.#shown[at];
    if (notice) this.#dismiss(notice);
    else this.#forgetClosed();
  };

  /** Gives the focus of a toast that is gone to the next, else back to where it was. */
  #comeBack(): void {
    const before = this.#before instanceof HTMLElement ? this.#before : null;
    (this.#root.querySelector<HTMLElement>("li .title") ?? before)?.focus();
  }
}

function isSuccess({ kind }: Notice): boolean {
  return kind === "finished";
}

/** Whether somebody who looks at this page sees the bar of a job. */
function isSeen(job: string): boolean {
  if (document.hidden) return false;
  const bars = document.querySelectorAll(`job-progress[job="${CSS.escape(job)}"]`);
  return [...bars].some((bar) => {
    const { top, bottom, width } = bar.getBoundingClientRect();
    return width > 0 && bottom > 0 && top < innerHeight;
  });
}
