/** A socket that is opened once something else is there. */

import type { Socket, SocketEvents } from "./connection";

export class Later implements Socket {
  #socket: Socket | undefined;
  #closed = false;

  constructor(
    ready: Promise<unknown>,
    open: (events: SocketEvents) => Socket,
    events: SocketEvents,
  ) {
    void ready.then(() => {
      if (!this.#closed) this.#socket = open(events);
    });
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }
}
