/** Which notices are toasts: those that came while the page was there, one of each job. */

import type { Notice } from "../protocol";
import { goes, type NewestNotices } from "./inbox-list";

export class ToastStack {
  #toasts: readonly Notice[] = [];
  #latest: number | null = null;
  /** What was closed, and is to come back. */
  readonly #back = new Set<string>();
  /** What somebody has seen, here or in another tab. */
  readonly #seen = new Set<string>();

  /** The newest ones, at most so many; others come when these are closed. */
  shown(most: number): readonly Notice[] {
    return this.#toasts.slice(0, most);
  }

  /**
   * Takes in the newest notices, and returns those that are new and unread; `seen` tells whether
   * somebody looks at the bar of a job.
   */
  take({ notices }: NewestNotices, seen: (job: string) => boolean): readonly Notice[] {
    const since = this.#latest;
    this.#latest = Math.max(since ?? 0, ...notices.map(({ id }) => Number(id)));
    this.#renew(new Map(notices.map((one) => [one.id, one])));
    const unread = notices.filter(({ read_at }) => read_at === null);
    for (const one of unread) if (this.#back.delete(one.id)) this.#put(one);
    if (since === null) return [];
    const fresh = unread.filter(({ id }) => Number(id) > since);
    for (const { id, job } of fresh) if (job && seen(job)) this.#seen.add(id);
    for (const one of [...fresh].reverse()) {
      if (goes(one, "toast") && !this.#seen.has(one.id)) this.#put(one);
    }
    return fresh;
  }

  isSeen(id: string): boolean {
    return this.#seen.has(id);
  }

  /** Somebody has seen it in another tab, perhaps before it came here. */
  saw(id: string): void {
    this.#seen.add(id);
    this.close(id);
  }

  close(id: string): void {
    this.#toasts = this.#toasts.filter((one) => one.id !== id);
  }

  /** Lets one that was closed come back once it is unread. */
  recall(id: string): void {
    this.#back.add(id);
  }

  /** What was read anywhere, or asks no more, is a toast no longer. */
  #renew(newest: ReadonlyMap<string, Notice>): void {
    const renewed = this.#toasts.map((one) => newest.get(one.id) ?? one);
    this.#toasts = renewed.filter(({ read_at }) => read_at === null);
  }

  /** A job has one toast: what is new of it takes the place of what was. */
  #put(notice: Notice): void {
    const at = this.#toasts.findIndex(({ job }) => job !== null && job === notice.job);
    this.#toasts = at < 0 ? [notice, ...this.#toasts] : this.#toasts.with(at, notice);
  }
}
