import { ask } from "./asking";
import type { Steering } from "./steering";
import styles from "./steering.css?inline";

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/** A part of a bar that steers its job: drawn anew by hand whenever the bar hands it something. */
export abstract class Controls extends HTMLElement {
  #steering: Steering | null = null;
  #spent: Steering | null = null;

  get steering(): Steering | null {
    return this.#steering;
  }
  set steering(steering: Steering | null) {
    this.#steering = steering;
    if (this.isConnected && steering) this.#update(steering);
  }

  connectedCallback(): void {
    const root = this.getRootNode();
    if (root instanceof ShadowRoot && !root.adoptedStyleSheets.includes(sheet)) {
      root.adoptedStyleSheets.push(sheet);
    }
    // A property that was set before this class was known hides its accessor.
    const early = Object.getOwnPropertyDescriptor(this, "steering")?.value as Steering | undefined;
    Reflect.deleteProperty(this, "steering");
    this.steering = early ?? this.#steering;
  }

  /** Asks once until the bar is painted anew: a second press may come before that. */
  protected ask(action: string, said?: unknown): void {
    const steering = this.#steering;
    if (!steering || steering === this.#spent) return;
    this.#spent = steering;
    void ask(steering, action, said);
  }

  protected abstract draw(steering: Steering): void;

  #update(steering: Steering): void {
    const root = this.getRootNode() as ShadowRoot;
    const focused = root.activeElement;
    this.draw(steering);
    // A button that goes away must not throw its reader to the top of the page.
    if (focused && !focused.isConnected) root.querySelector<HTMLElement>(".job")?.focus();
  }
}

export function button(text: string, pressed: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", () => {
    if (made.ariaDisabled !== "true") pressed();
  });
  return made;
}
