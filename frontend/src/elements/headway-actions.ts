import { button, Controls } from "./controls";
import type { Steering } from "./steering";
import { count, words } from "./steering-words";

const ON_ITS_WAY: Readonly<Record<string, string>> = {
  pause: "pausing",
  resume: "resuming",
  again: "starting",
  again_failed: "starting",
};

/** The buttons beside a bar's title: what may be done to its job now. */
export class HeadwayActions extends Controls {
  // One button for both, so that the focus stays where it is.
  readonly #toggle = button("", () => this.ask(this.#toggles));
  readonly #cancel = button("", () => this.ask("cancel"));
  readonly #again = button("", () => this.ask("again"));
  readonly #againFailed = button("", () => this.ask("again_failed"));
  #toggles = "";

  protected draw(steering: Steering): void {
    const { state, pending } = steering;
    const may = (action: string) => pending !== "cancel" && state.actions.includes(action);
    this.#toggles = ["pause", "resume"].find(may) ?? "";
    place(this.#toggle, this.#toggles !== "", () => this.prepend(this.#toggle));
    place(this.#cancel, may("cancel"), () => this.append(this.#cancel));
    place(this.#again, may("again"), () => this.append(this.#again));
    place(this.#againFailed, may("again_failed"), () => this.append(this.#againFailed));
    label(this.#toggle, this.#toggles, steering);
    label(this.#cancel, "cancel", steering);
    label(this.#again, "again", steering);
    label(this.#againFailed, "again_failed", steering);
  }
}

function place(made: HTMLButtonElement, wanted: boolean, add: () => void): void {
  if (!wanted) made.remove();
  else if (!made.isConnected) add();
}

function label(made: HTMLButtonElement, action: string, { state, pending }: Steering): void {
  const waits = pending === action;
  const values = { title: state.title || state.name, n: count(state.failed) };
  made.textContent = words((waits && ON_ITS_WAY[action]) || action, values);
  // It begins with the text that is seen, for who speaks to the page.
  made.ariaLabel = waits ? null : words(`${action}Job`, values);
  // A job that is about to run again need not be asked the other way, too.
  made.ariaDisabled = waits || pending.startsWith("again") ? "true" : null;
}
