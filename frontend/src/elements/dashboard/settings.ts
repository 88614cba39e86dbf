/** The page on which one chooses how the dashboard looks and behaves in this browser. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import type { Page } from "./page";
import { choose, chosen, OPTIONS, type Preference } from "./preferences";
import { tell, type Word } from "./words";

export type Theme = "" | "light" | "dark";

const COOKIE = "headway_theme"; // the twin of `realtime/dashboard_page.py`, which reads it
const YEAR = 31_536_000;

/** Those of which one is chosen from several, each with what its options are called. */
const CHOICES: readonly { name: Preference; legend: Word; words: readonly Word[]; why?: Word }[] = [
  { name: "density", legend: "density", words: ["densityRoomy", "densityDense"] },
  { name: "zone", legend: "zone", words: ["zoneHere", "zoneUtc"] },
  {
    name: "pace",
    legend: "pace",
    words: ["paceLive", "paceSecond", "paceSlow"],
    why: "paceWhy",
  },
];

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
    const names = Object.keys(OPTIONS) as Preference[];
    return JSON.stringify([themeNow(), names.map((name) => chosen(name))]);
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
  const look = (theme: Theme) => {
    setTheme(theme, base);
    redraw();
  };
  const prefer = (name: Preference, value: string) => {
    choose(name, value);
    redraw();
  };
  return html`<article class="one settings" id="scroller" tabindex="-1">
    <fieldset class="card">
      <legend>${tell("look")}</legend>
      ${looks.map(
        ([
          theme,
          label,
        ]) => html`<label><input type="radio" name="look" .checked=${themeNow() === theme}
          @change=${() => look(theme)} /> ${label}</label>`,
      )}
    </fieldset>
    ${CHOICES.map(
      ({ name, legend, words, why }) => html`<fieldset class="card">
        <legend>${tell(legend)}</legend>
        ${OPTIONS[name].map(
          (option, at) => html`<label><input type="radio" name=${name}
            .checked=${chosen(name) === option} @change=${() => prefer(name, option)} />
            ${tell(words[at] as Word)}</label>`,
        )}
        ${why ? html`<p class="quiet">${tell(why)}</p>` : nothing}
      </fieldset>`,
    )}
    ${drawSwitch("voice", ["voice", "voiceOn", "voiceWhy"], prefer)}
    ${drawSwitch("keys", ["keys", "keysOn", "keysWhy"], prefer)}
    <p class="quiet">${tell("lookWhy")}</p>
  </article>`;
}

function drawSwitch(
  name: "voice" | "keys",
  [legend, label, why]: readonly [Word, Word, Word],
  prefer: (name: Preference, value: string) => void,
): TemplateResult {
  const switched = ({ target }: Event) =>
    prefer(name, (target as HTMLInputElement).checked ? "on" : "off");
  return html`<fieldset class="card">
    <legend>${tell(legend)}</legend>
    <label><input type="checkbox" .checked=${chosen(name) === "on"} aria-describedby="${name}-why"
      @change=${switched} /> ${tell(label)}</label>
    <p class="quiet" id="${name}-why">${tell(why)}</p>
  </fieldset>`;
}
