/** Who did what to a job when: asked for when its page is opened, and when the job has changed. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import type { Act } from "./api";
import type { Desk } from "./desk";
import { ago, moment } from "./times";
import { tell } from "./words";
import { isShopWord, say } from "./workshop-words";

const SOON = 400; // milliseconds: what is asked for is noted before it is done

export class JobActs {
  readonly #desk: Desk;
  #id = "";
  #acts: readonly Act[] = [];
  #next: string | null = null;
  #standing = "";
  #asking = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  open(id: string): void {
    this.leave();
    this.#id = id;
    void this.#ask(null);
  }

  leave(): void {
    this.#asking.abort();
    clearTimeout(this.#timer);
    this.#asking = new AbortController();
    this.#id = this.#standing = "";
    this.#acts = [];
    this.#next = null;
  }

  /** A job that somebody has done something to can have other things done to it. */
  take({ status, actions, attempt }: JobState): void {
    const standing = JSON.stringify([status, actions, attempt]);
    if (this.#standing && this.#standing !== standing) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#ask(null), SOON);
    }
    this.#standing = standing;
  }

  get shape(): string {
    return JSON.stringify([this.#acts, this.#next]);
  }

  draw(): TemplateResult | typeof nothing {
    if (this.#acts.length === 0) return nothing;
    const now = this.#desk.now();
    return html`<section aria-labelledby="acts"><h2 id="acts">${say("acts")}</h2>
      <ol class="acts card" role="list">${this.#acts.map((act) => this.#drawAct(act, now))}</ol>
      ${
        this.#next
          ? html`<button type="button" class="button small" @click=${() => void this.#ask(this.#next)}>
              ${say("olderActs")}</button>`
          : nothing
      }
    </section>`;
  }

  #drawAct({ by, action, at, refused, detail, address, token }: Act, now: number): TemplateResult {
    const word = `act_${action}`;
    const within = typeof detail["by"] === "string" ? detail["by"] : "";
    return html`<li>
      <p><b dir="auto">${by}</b> <span>${isShopWord(word) ? say(word) : action}</span>
        ${refused ? html`<span class="tag failed">${say("refusedAct")}</span>` : nothing}
        <time class="quiet" datetime=${at} title=${moment(at)}>${ago(at, now)}</time></p>
      ${refused ? html`<p class="quiet" dir="auto">${refused}</p>` : nothing}
      ${within ? html`<p class="quiet"><a href=${this.#desk.hrefOf({ page: "job", id: within })}>${say("actWithin")}</a></p>` : nothing}
      ${address || token ? html`<p class="quiet">${origin(address, token)}</p>` : nothing}
    </li>`;
  }

  async #ask(cursor: string | null): Promise<void> {
    const { signal } = this.#asking;
    // Who may not be told is shown nothing; what was told before stays while nobody answers.
    const found = await this.#desk.api.acts(this.#id, cursor, signal).catch(() => null);
    if (!found || signal.aborted) return;
    this.#acts = cursor ? [...this.#acts, ...found.acts] : found.acts;
    this.#next = found.next;
    this.#desk.redraw();
  }
}

function origin(address: string | null, token: string | null): string {
  const from = address ? say("actFrom", { address }) : "";
  return [from, token ? say("actToken", { name: token }) : ""].filter(Boolean).join(" · ");
}

/** Of a job that has not gone through at once, its attempts as far as they are known. */
export function drawAttempts(
  job: JobState,
  began: string | null,
  now: number,
): TemplateResult | typeof nothing {
  if (job.attempt < 2 && job.status !== "retrying") return nothing;
  const time = (at: string) =>
    html`<time datetime=${at}>${moment(at)}</time> <span class="quiet">${ago(at, now)}</span>`;
  const retries = job.status === "retrying" ? job.retry_at : null;
  return html`<section aria-labelledby="attempts"><h2 id="attempts">${say("attemptsHead")}</h2>
    <dl class="facts card">
      <div><dt>${tell("attempt")}</dt><dd>${String(job.attempt)}</dd></div>
      ${began ? html`<div><dt>${say("firstBegan")}</dt><dd>${time(began)}</dd></div>` : nothing}
      ${job.started_at && job.started_at !== began ? html`<div><dt>${say("lastBegan")}</dt><dd>${time(job.started_at)}</dd></div>` : nothing}
      ${retries ? html`<div><dt>${say("nextBegins")}</dt><dd><time datetime=${retries}>${moment(retries)}</time></dd></div>` : nothing}
    </dl>
  </section>`;
}
