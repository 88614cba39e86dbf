/** What event streams and polls share: a socket's face on requests that follow one another. */

import { Asked } from "./asked";
import type { Environment, Socket, SocketEvents } from "./connection";

const GATHER = 20; // milliseconds in which what is watched one after the other is asked at once
const TOO_MANY = 4502;

/** What it takes from the page, so that tests can play one. */
export interface Page {
  request(address: string, body: string, accept: string, signal: AbortSignal): Promise<Response>;
  visible(): boolean;
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

export abstract class OverHttp implements Socket {
  protected readonly asked = new Asked();
  protected readonly environment: Environment;
  protected readonly page: Page;
  readonly #address: string;
  readonly #events: SocketEvents;
  #welcomed = false;
  #over = false;
  #waiting: (() => void) | undefined;
  #due = 0;
  #running: AbortController | undefined;

  constructor(address: string, environment: Environment, page: Page, events: SocketEvents) {
    this.#address = address;
    this.environment = environment;
    this.page = page;
    this.#events = events;
    this.askIn(0);
  }

  send(text: string): void {
    if (this.asked.take(text)) this.askIn(GATHER);
  }

  close(): void {
    this.#over = true;
    this.#waiting?.();
    this.#running?.abort();
  }

  /** Asks anew, with what is known by then, in the place of what runs. */
  protected ask(): void {
    this.#waiting?.();
    this.#waiting = undefined;
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    void this.#run(running).catch(() => this.#fail(running, 1006, ""));
  }

  /** Asks anew so much later, unless it does so sooner. */
  protected askIn(milliseconds: number): void {
    const due = this.environment.now() + milliseconds;
    if (this.#waiting && this.#due <= due) return;
    this.#waiting?.();
    this.#due = due;
    this.#waiting = this.environment.later(milliseconds, () => this.ask());
  }

  /** Passes a frame on; there is one welcome to a socket, however many requests. */
  protected take(text: string): void {
    const type = this.asked.note(text) as string;
    if (type === "welcome" && this.#welcomed) return;
    this.#welcomed = true;
    this.#events.message(text);
  }

  protected end(code: number, reason: string): void {
    if (this.#over) return;
    this.close();
    this.#events.close(code, reason);
  }

  /** Reads an answer to its end. */
  protected abstract read(answer: Response, signal: AbortSignal): Promise<void>;
  protected abstract readonly accept: string;

  async #run(running: AbortController): Promise<void> {
    const { signal } = running;
    const answer = await this.page.request(this.#address, this.asked.body(), this.accept, signal);
    if (signal.aborted) return;
    if (answer.ok) await this.read(answer, signal);
    else this.#fail(running, answer.status === 429 ? TOO_MANY : 1006, "");
  }

  #fail(running: AbortController, code: number, reason: string): void {
    if (running === this.#running && !running.signal.aborted) this.end(code, reason);
  }
}
