/** Sees to it that a person is told of a notice once, whichever tab they look at, if at any. */

import type { Notice } from "../protocol";
import { goes } from "./inbox-list";
import type { NoticeDesk } from "./notice-desk";
import { NoticeTabs, type Told } from "./notice-tabs";
import { notify } from "./notify";
import type { ToastStack } from "./toast-stack";

export class Teller {
  readonly #stack: ToastStack;
  readonly #desk: NoticeDesk;
  readonly #close: (notice: Notice) => void;
  readonly #draw: () => void;
  /** What the browser shows, by notice. */
  readonly #shown = new Map<string, Notification>();
  #tabs: NoticeTabs | undefined;

  constructor(
    stack: ToastStack,
    desk: NoticeDesk,
    close: (notice: Notice) => void,
    draw: () => void,
  ) {
    this.#stack = stack;
    this.#desk = desk;
    this.#close = close;
    this.#draw = draw;
  }

  open(): void {
    const scope = document.querySelector<HTMLElement>("[data-headway-scope]");
    const name = `headway notices ${scope?.dataset["headwayScope"] ?? ""}`;
    this.#tabs = new NoticeTabs(name, (told) => this.#heard(told));
  }

  close(): void {
    this.#tabs?.close();
  }

  /** This tab is visible now, and shows these; or it is not. */
  turned(shown: readonly Notice[]): void {
    this.#tabs?.turned();
    if (!document.hidden) this.tell(shown);
  }

  /** Takes in what is new, and lets the browser forget what was read. */
  take(fresh: readonly Notice[], newest: readonly Notice[]): void {
    this.tell(fresh);
    for (const { id, read_at } of newest) if (read_at !== null) this.#shown.get(id)?.close();
  }

  /** Says that somebody is told here; while all tabs are hidden, one of them asks the browser to. */
  tell(notices: readonly Notice[]): void {
    for (const notice of notices) {
      const { id } = notice;
      if (!document.hidden) this.#tabs?.tell({ id, seen: this.#stack.isSeen(id) });
      else if (goes(notice, "browser")) void this.#notify(notice);
    }
  }

  #heard({ id, seen }: Told): void {
    if (!seen && !document.hidden) return;
    this.#stack.saw(id);
    this.#draw();
  }

  async #notify(notice: Notice): Promise<void> {
    const { id } = notice;
    if (!this.#tabs?.leads || (await this.#tabs.isAnyVisible())) return;
    const shown = notify(notice, () => this.#clicked(notice));
    if (!shown) return;
    this.#shown.set(id, shown);
    this.#tabs.tell({ id, seen: true });
    this.#heard({ id, seen: true });
  }

  /** As a click on its title, but that nothing here is a link. */
  #clicked(notice: Notice): void {
    focus();
    const click = new Event("click", { cancelable: true });
    if (this.#desk.opened(notice, click)) this.#close(notice);
    const page = this.#desk.pageOf(notice);
    if (page && !click.defaultPrevented) location.assign(page);
  }
}
