/** The room that the tray takes from the page: kept free at its end, and below what has the focus. */

const GAP = 8; // pixels between the tray and what would be below it
const WIDE = 800; // pixels from which toasts have room beside the open tray

export class TrayRoom {
  readonly #sheet = new CSSStyleSheet();
  readonly #host: HTMLElement;
  #said = "";

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  open(): void {
    document.adoptedStyleSheets.push(this.#sheet);
  }

  close(): void {
    this.#say("");
    const rest = document.adoptedStyleSheets.filter((one) => one !== this.#sheet);
    document.adoptedStyleSheets = rest;
  }

  /** Tells the page how much of it the tray covers: the pill at its end, the panel beside toasts. */
  measure(pill: Element | null, panel: HTMLElement | null): void {
    if (!pill) {
      this.#say("");
      return;
    }
    const block = Math.ceil(innerHeight - pill.getBoundingClientRect().top + GAP);
    const beside = panel && !panel.hidden && innerWidth >= WIDE ? panel.offsetWidth + 2 * GAP : 0;
    this.#say(
      `:root{--headway-tray-block:${block}px;--headway-tray-inline:${beside}px;` +
        `scroll-padding-block-end:${block}px;padding-block-end:${block}px}`,
    );
  }

  /** Whether the tray lies over what the keyboard has come to. */
  covers(): boolean {
    let focused = document.activeElement;
    if (!focused || focused === document.body || focused === this.#host) return false;
    while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    if (!focused.matches(":focus-visible")) return false;
    const [one, tray] = [focused.getBoundingClientRect(), this.#host.getBoundingClientRect()];
    const [x, y] = [(one.left + one.right) / 2, (one.top + one.bottom) / 2];
    return x > tray.left && x < tray.right && y > tray.top && y < tray.bottom;
  }

  uncover(): void {
    document.activeElement?.scrollIntoView({ block: "nearest" });
  }

  #say(rules: string): void {
    if (rules === this.#said) return;
    this.#said = rules;
    this.#sheet.replaceSync(rules);
  }
}
