/** What somebody has chosen for this browser: how the dashboard looks, and whether keys are shortcuts. */

import { html, type TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import type { Page } from "./page";
import { tell } from "./words";

export type Theme = "" | "light" | "dark";

const COOKIE = "headway_theme"; // the twin of `realtime/dashboard_page.py`, which reads it
const KEYS = "headway-keys";
const YEAR = 31_536_000;

export function themeNow(): Theme {
  const { theme = "" } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : "";
}

export function setTheme(theme: Theme, base: URL): void {
  if (theme) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
  const age = theme ? YEAR : 0;
  // biome-ignore lint/suspicious/noDocumentCookie: the page reads it before it is shown
  document.cookie = `${COOKIE}=${theme}; path=${base.pathname}; max-age=${age}; samesite=lax`;
}

export function keysAreOn(): boolean {
  return kept(() => localStorage.getItem(KEYS)) !== "off";
}

function setKeys(on: boolean): void {
  kept(() => (on ? localStorage.removeItem(KEYS) : localStorage.setItem(KEYS, "off")));
}

/** A browser may refuse to keep anything. */
function kept<Value>(task: () => Value): Value | null {
  try {
    return task();
  } catch {
    return null;
  }
}

export class SettingsPage implements Page {
  readonly ages = false;
  readonly keys = {};
  readonly #base: URL;
  readonly #redraw: () => void;

  constructor({ redraw }: Desk, base: URL) {
    this.#base = base;
    this.#redraw = redraw;
  }

  get title(): string {
    return tell("settings");
  }

  get shape(): string {
    return `${themeNow()} ${keysAreOn()}`;
  }

  open(): void {}

  leave(): void {}

  draw(): TemplateResult {
    return drawSettings(this.#base, this.#redraw);
  }
}

function drawSettings(base: URL, redraw: () => void): TemplateResult {
  const looks = [
    ["", tell("lookSystem")],
    ["light", tell("lookLight")],
    ["dark", tell("lookDark")],
  ] as const;
  const choose = (theme: Theme) => {
    setTheme(theme, base);
    redraw();
  };
  const switched = (event: Event) => setKeys((event.target as HTMLInputElement).checked);
  return html`<article class="one settings" id="scroller" tabindex="-1">
    <fieldset class="card">
      <legend>${tell("look")}</legend>
      ${looks.map(
        ([
          theme,
          label,
        ]) => html`<label><input type="radio" name="look" .checked=${themeNow() === theme}
          @change=${() => choose(theme)} /> ${label}</label>`,
      )}
      <p class="quiet">${tell("lookWhy")}</p>
    </fieldset>
    <fieldset class="card">
      <legend>${tell("keys")}</legend>
      <label><input type="checkbox" .checked=${keysAreOn()} aria-describedby="keys-why" @change=${switched} />
        ${tell("keysOn")}</label>
      <p class="quiet" id="keys-why">${tell("keysWhy")}</p>
    </fieldset>
  </article>`;
}
