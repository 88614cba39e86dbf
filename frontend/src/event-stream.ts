/** A socket whose frames are server-sent events: one answer that goes on. */

import { OverHttp } from "./over-http";

export class EventStream extends OverHttp {
  protected readonly accept = "text/event-stream";

  protected async read(answer: Response, signal: AbortSignal): Promise<void> {
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const part = await reader?.read();
      if (signal.aborted) return;
      if (!part || part.done) break;
      const events = (rest + part.value).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        if (!signal.aborted) this.#take(event);
      }
    }
    this.end(1006, "");
  }

  #take(event: string): void {
    const at = event.indexOf("data: ");
    if (at < 0) return;
    const data = event.slice(at + 6);
    if (!event.startsWith("event: close")) {
      this.take(data);
      return;
    }
    const { code, reason } = JSON.parse(data) as { code: number; reason: string };
    this.end(code, reason);
  }
}
