/** What the elements that show notices share: the page's client, requests, and what a notice asks. */

import type { Client } from "../client";
import type { Notice } from "../protocol";
import { request } from "./asking";
import type { NewestNotices } from "./inbox-list";
import { say } from "./inbox-words";
import { connect } from "./lent";
import { addressBelow, serviceAddress } from "./service";
import type { Steering } from "./steering";

const ANY = "00000000-0000-0000-0000-000000000000";

export class NoticeDesk {
  readonly #host: HTMLElement;
  readonly #take: (newest: NewestNotices) => void;
  readonly #draw: () => void;
  /** What was answered here and is not settled yet, by notice. */
  readonly #answering = new Map<string, string>();
  /** What is on its way, by notice. */
  readonly #marking = new Map<string, Promise<unknown>>();
  #client: Client | undefined;
  #leave: (() => void) | undefined;
  /** Why something did not work; "" while all is well. */
  problem = "";

  constructor(host: HTMLElement, take: (newest: NewestNotices) => void, draw: () => void) {
    this.#host = host;
    this.#take = take;
    this.#draw = draw;
  }

  get #address(): string {
    return serviceAddress(this.#host.getAttribute("src"));
  }

  /** The server's clock, as well as it is known. */
  now(): number {
    return this.#client?.now() ?? Date.now();
  }

  open(): void {
    const client = connect(this.#address);
    this.#client = client;
    const notices = (newest: NewestNotices) => this.#hear(newest);
    this.#leave = client.watch("notices", () => {}, { notices });
  }

  close(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  #hear(newest: NewestNotices): void {
    for (const { id, question } of newest.notices) if (!question) this.#answering.delete(id);
    this.#take(newest);
  }

  /** Draws what is meant, asks, and says what went wrong; undefined then. */
  async ask(path: string, said?: unknown, more?: RequestInit): Promise<unknown> {
    this.problem = "";
    this.#draw();
    try {
      return await request(this.#address, path, said, more);
    } catch (problem) {
      const reason = problem instanceof Error ? problem.message : String(problem);
      this.problem = say("wrong", { reason });
      this.#draw();
      return undefined;
    }
  }

  /** Kept alive: who opens a notice may be on the way to its page. */
  async mark(ids: readonly string[], read = true): Promise<void> {
    // What is asked of the same notice twice might change places on the way.
    const before = ids.flatMap((id) => this.#marking.get(id) ?? []);
    const asked = this.#after(before, { ids, read });
    for (const id of ids) this.#marking.set(id, asked);
    await asked;
    for (const id of ids) if (this.#marking.get(id) === asked) this.#marking.delete(id);
  }

  async #after(before: readonly Promise<unknown>[], said: unknown): Promise<void> {
    if (before.length > 0) await Promise.all(before);
    await this.ask("notices/read", said, { keepalive: true });
  }

  /** The address of a job's page, or of that of alerts; "" where only the page knows what to do. */
  pageOf({ job, kind }: Notice): string {
    if (kind === "alert") return addressBelow(this.#address, "dashboard/alerts").href;
    return (job && this.#host.getAttribute("page")?.replace(ANY, job)) || "";
  }

  /** Lets the page decide what to do; else a link goes where it leads. Tells whether it is read. */
  opened(notice: Notice, event: Event): boolean {
    const told = { bubbles: true, composed: true, cancelable: true, detail: { notice } };
    if (!this.#host.dispatchEvent(new CustomEvent("notice-click", told))) event.preventDefault();
    return notice.read_at === null && !notice.question;
  }

  /** What the element that asks needs; it is the one of the bars. */
  steering({ id, job, title, question, actions }: Notice): Steering {
    return {
      state: { id: job ?? "", title, name: "", failed: 0, actions, question },
      include: this.#address,
      pending: this.#answering.get(id) ?? "",
      note: (pending, problem) => {
        if (pending) this.#answering.set(id, pending);
        else this.#answering.delete(id);
        this.problem = problem;
        this.#draw();
      },
      take: (answer) => this.#client?.take(answer),
    };
  }
}
