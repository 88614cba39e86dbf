/** A person's notices as the inbox has them: the newest from the socket, older ones by pages. */

import type { Notice } from "../protocol";

export interface NewestNotices {
  readonly unread: number;
  readonly notices: readonly Notice[];
}

const FRAME = 20; // notices in a frame: with fewer there are no older ones

/** Whether a person wants to be told of it in this way. */
export function goes({ ways }: Notice, way: string): boolean {
  return (ways ?? ["toast", "inbox"]).includes(way);
}

export class InboxList {
  /** With those that are told in other ways alone: they are in frames, and not shown here. */
  #notices: readonly Notice[] = [];
  /** What is being asked for: a frame that is on its way already does not know it. */
  readonly #asked = new Map<string, { readonly isRead: boolean }>();
  #unread = 0;
  #more = false;
  #pages = false;

  get notices(): readonly Notice[] {
    return this.#notices.filter((one) => goes(one, "inbox"));
  }
  get unread(): number {
    return this.#unread;
  }
  /** Whether there are older ones that are not here. */
  get more(): boolean {
    return this.#more;
  }
  /** What asks for those that follow the last one. */
  get last(): string {
    return this.#notices.at(-1)?.id ?? "";
  }

  /** Takes in the newest ones, whole; older ones stay, unless some between were never seen. */
  take({ notices: told, unread }: NewestNotices): void {
    const notices = told.map((one) => marked(one, this.#asked.get(one.id)?.isRead));
    const known = new Set(this.#notices.map(({ id }) => id));
    const first = key(notices.at(-1));
    const isAll = notices.length < FRAME;
    const joins = !isAll && notices.some(({ id }) => known.has(id));
    const older = joins ? this.#notices.filter((one) => key(one) < first) : [];
    if (!(joins && this.#pages)) this.#more = !isAll;
    if (older.length === 0) this.#pages = false;
    this.#notices = [...notices, ...(unread === 0 ? older.map((one) => marked(one, true)) : older)];
    this.#unread = unread + open(notices) - open(told);
  }

  /** Takes in a page of older ones. */
  add(notices: readonly Notice[], more: boolean): void {
    const last = key(this.#notices.at(-1));
    this.#notices = [...this.#notices, ...notices.filter((one) => key(one) < last)];
    this.#more = more;
    this.#pages = true;
  }

  /**
   * Shows at once what the service is about to be told; without ids it is all of them. To be called
   * is what it returns, when the service has been told.
   */
  mark(isRead: boolean, ids?: readonly string[]): () => void {
    const unread = open(this.#notices);
    this.#notices = this.#notices.map((one) => {
      return ids && !ids.includes(one.id) ? one : marked(one, isRead);
    });
    this.#unread = ids ? Math.max(0, this.#unread - unread + open(this.#notices)) : 0;
    const asked = { isRead };
    for (const id of ids ?? []) this.#asked.set(id, asked);
    return () => {
      for (const id of ids ?? []) if (this.#asked.get(id) === asked) this.#asked.delete(id);
    };
  }
}

/** How many are unread of those that the inbox has. */
function open(notices: readonly Notice[]): number {
  return notices.filter((one) => one.read_at === null && goes(one, "inbox")).length;
}

function key(notice: Notice | undefined): number {
  return notice ? Number(notice.id) : Number.POSITIVE_INFINITY;
}

function marked(notice: Notice, isRead: boolean | undefined): Notice {
  if (isRead === undefined) return notice;
  return { ...notice, read_at: isRead ? (notice.read_at ?? new Date().toISOString()) : null };
}
