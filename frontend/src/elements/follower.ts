import type { Client } from "../client";
import type { JobState, Refused, Topic } from "../protocol";
import { connect } from "./lent";
import { appear, disappear, type Painted, paintSoon, tick } from "./painter";
import { serviceAddress } from "./service";
import { text } from "./strings";

const TROUBLE_SHOWS_AFTER = 3000;
const SETTLED = 1000;
const SIGNED_OUT = 4501;
const ANY = "00000000-0000-0000-0000-000000000000";

// After a tap `:hover` stays where the finger was.
const hovers = matchMedia("(hover: hover)");

/** Whether somebody is at it, with a pointer or the focus. */
export function isHeld(part: Element | null): boolean {
  return part?.matches(hovers.matches ? ":is(:hover, :focus-within)" : ":focus-within") ?? false;
}

/** An element that shows many jobs of a topic: what it does for as long as it is on a page. */
export abstract class Follower extends HTMLElement implements Painted {
  protected readonly shadow = this.attachShadow({ mode: "open" });
  #client: Client | undefined;
  #stops: (() => void)[] = [];

  /** Known as long as the element is on a page. */
  protected get client(): Client | undefined {
    return this.#client;
  }

  get include(): string {
    return serviceAddress(this.getAttribute("src"));
  }

  connectedCallback(): void {
    appear(this);
    this.begin();
  }

  disconnectedCallback(): void {
    this.end();
    disappear(this);
  }

  abstract paint(smooth: boolean): void;

  /** Watches what the element shows; returns what stops it. */
  protected abstract watch(client: Client): (() => void)[];

  protected begin(): void {
    this.end(); // an element that is upgraded is told its attributes before it is connected
    const client = connect(this.include);
    this.#client = client;
    this.#stops = [client.onStatus(() => this.#reflect()), ...this.watch(client)];
    this.#reflect();
  }

  protected end(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  /**
   * Watches a topic. `told` is called when its first states are there: the service says so to the
   * first who watches, for others on the page it is a second later.
   */
  protected follow(
    client: Client,
    topic: Topic,
    take: (state: JobState) => void,
    told: () => void,
    refused: (refused: Refused) => void = told,
  ): (() => void)[] {
    const timer = setTimeout(told, SETTLED);
    const stop = client.watch(topic, take, { watching: told, refused });
    return [stop, () => clearTimeout(timer)];
  }

  /** Watches one more job, until the element leaves. */
  protected watchToo(id: string): void {
    if (this.#client) this.#stops.push(this.#client.watch(`job:${id}`, () => {}));
  }

  /** The server's clock, as well as it is known. */
  protected now(): number {
    return this.#client?.now() ?? Date.now();
  }

  /** Why nothing may be moving; "" while all is well, and at first. */
  protected trouble(): string {
    const status = this.#client?.status;
    if (!status || status.phase === "live") return "";
    if (status.closed !== null) return text(status.closed === SIGNED_OUT ? "signedOut" : "stopped");
    if (Date.now() - status.since < TROUBLE_SHOWS_AFTER) return "";
    return text(status.phase === "offline" ? "offline" : "reconnecting");
  }

  /** Paints every second while what is shown ages by itself, or a trouble is about to be shown. */
  protected tickWhile(ages: boolean): void {
    const waits = this.#client && this.#client.status.phase !== "live" && !this.trouble();
    tick(this, this.isConnected && (ages || Boolean(waits)));
  }

  /** The address of a job's page; "" where only the page itself knows what to do. */
  pageOf({ id }: JobState): string {
    return this.getAttribute("page")?.replace(ANY, id) ?? "";
  }

  /** Lets the page decide what to do; else a link goes where it leads. */
  protected opened(state: JobState, event: Event): void {
    const told = { bubbles: true, composed: true, cancelable: true, detail: { state } };
    if (!this.dispatchEvent(new CustomEvent("job-click", told))) event.preventDefault();
  }

  /** The connection has changed, so something else may have to be said. */
  protected abstract changed(): void;

  #reflect(): void {
    const phase = this.#client?.status.phase ?? "";
    if (this.getAttribute("connection") !== phase) this.setAttribute("connection", phase);
    this.changed();
    paintSoon(this);
  }
}
