import { html, nothing, render, type TemplateResult } from "lit/html.js";
import uPlot from "uplot";
import plotStyles from "uplot/dist/uPlot.min.css?inline";
import { type Chart, movedBy, newest } from "./chart";
import { Colours } from "./chart-colours";
import { DASHES, dataOf, optionsOf } from "./chart-plot";
import styles from "./headway-chart.css?inline";

const SCHEMES = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];
const FONT = 12;
/** How columns on each other differ for who sees no colours. */
const COLUMNS = ["", "striped", "barred"];

const sheets = [plotStyles, styles].map((text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
});

/** Draws a chart, and reads its values to pointers and keys: a part of the dashboard's pages. */
export class HeadwayChart extends HTMLElement {
  readonly #shadow = this.attachShadow({ mode: "open" });
  readonly #colours = new Colours(this.#shadow);
  readonly #sizes = new ResizeObserver(() => this.#fit());
  readonly #themes = new MutationObserver(() => this.#repaint());
  readonly #schemes = SCHEMES.map((query) => matchMedia(query));
  #chart: Chart | null = null;
  #plot: uPlot | null = null;
  #looks = "";
  /** The point that is read; null while nobody reads. */
  #place: number | null = null;

  get chart(): Chart | null {
    return this.#chart;
  }

  set chart(chart: Chart | null) {
    if (chart === this.#chart) return;
    this.#chart = chart;
    if (this.isConnected) this.#show();
  }

  connectedCallback(): void {
    this.#shadow.adoptedStyleSheets = sheets;
    // What was set before the script had come stands in the way of the accessor.
    const early = Object.getOwnPropertyDescriptor(this, "chart");
    if (early) {
      Reflect.deleteProperty(this, "chart");
      this.#chart = early.value;
    }
    this.#sizes.observe(this);
    this.#themes.observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
    for (const scheme of this.#schemes) scheme.addEventListener("change", this.#repaint);
    this.#show();
  }

  disconnectedCallback(): void {
    this.#sizes.disconnect();
    this.#themes.disconnect();
    for (const scheme of this.#schemes) scheme.removeEventListener("change", this.#repaint);
    this.#leave();
  }

  #leave(): void {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #show(): void {
    const chart = this.#chart;
    if (!chart) return;
    if (this.#place !== null && this.#place >= chart.starts.length) this.#place = null;
    this.#draw();
    const looks = JSON.stringify([
      chart.stacked,
      chart.unit,
      chart.zone,
      chart.lines.map((one) => one.ink),
    ]);
    if (looks !== this.#looks) this.#leave();
    this.#looks = looks;
    if (this.#plot) this.#plot.setData(dataOf(chart));
    else this.#begin(chart);
  }

  #begin(chart: Chart): void {
    const box = this.#shadow.querySelector<HTMLElement>(".plot");
    const { width, height } = sizeOf(box);
    if (!box || width === 0) return; // it is shown when it has a size
    const plotted = {
      chart: () => this.#chart ?? chart,
      colours: this.#colours,
      font: `${FONT}px ${getComputedStyle(this).fontFamily}`,
      language: document.documentElement.lang || undefined,
      paths: uPlot.paths,
      tzDate: uPlot.tzDate,
      moved: (place: number | null) => this.#moved(place),
    };
    this.#plot = new uPlot(optionsOf(plotted, width, height), dataOf(chart), box);
  }

  #fit(): void {
    const { width, height } = sizeOf(this.#shadow.querySelector(".plot"));
    if (!width || !height || !this.#chart) return;
    if (!this.#plot) this.#begin(this.#chart);
    else if (this.#plot.width !== width || this.#plot.height !== height)
      this.#plot.setSize({ width, height });
  }

  /** With the paths: those of columns have kept their colours. */
  readonly #repaint = (): void => this.#plot?.redraw(true, true);

  #moved(place: number | null): void {
    if (place === this.#place) return;
    this.#place = place;
    this.#draw();
  }

  /** Reads a point, as a pointer that stands there would. */
  #read(place: number | null): void {
    const at = this.#plot?.data[0][place ?? -1];
    const left = at === undefined ? -10 : (this.#plot?.valToPos(at, "x") ?? -10);
    this.#plot?.setCursor({ left, top: left < 0 ? -10 : 0 });
    this.#moved(place);
  }

  readonly #pressed = (event: KeyboardEvent): void => {
    const { altKey, ctrlKey, metaKey, shiftKey, key } = event;
    const chart = this.#chart;
    if (!chart || altKey || ctrlKey || metaKey || shiftKey) return;
    if (key === "Escape" && this.#place !== null) this.#read(null);
    else {
      const to = movedBy(key, this.#at(chart), chart.starts.length);
      if (to === null) return;
      this.#read(to);
    }
    event.preventDefault();
  };

  /** Whoever comes by the keyboard sees at once where they are. */
  readonly #focused = (event: FocusEvent): void => {
    const isByKeys = (event.target as Element).matches(":focus-visible");
    if (this.#chart && isByKeys) this.#read(this.#at(this.#chart));
  };

  #at(chart: Chart): number {
    return this.#place ?? newest(chart);
  }

  #draw(): void {
    const chart = this.#chart;
    if (!chart) return;
    const place = this.#at(chart);
    const values = chart.lines.map((line) => ({
      ...line,
      said: chart.say(line.values[place] ?? null),
    }));
    const isGap = isIn(chart, place);
    const when = chart.starts.length > 0 ? chart.when(place) : "";
    const said = isGap ? chart.gap : values.map(({ name, said }) => `${name} ${said}`).join(", ");
    render(
      html`<div class="plot" role="slider" tabindex="0" aria-label=${chart.label} aria-valuemin="0"
          aria-valuemax=${Math.max(0, chart.starts.length - 1)} aria-valuenow=${place}
          aria-valuetext=${when ? `${when}: ${said}` : said} @keydown=${this.#pressed} @focus=${this.#focused}
          @blur=${() => this.#read(null)}></div>
        <div class="legend" aria-hidden="true">
          <span class="when"><span class="moment">${when}</span>${
            chart.gaps.length > 0
              ? html`<span class="line"><i class="hatched"></i>${chart.gap}</span>`
              : nothing
          }</span>
          ${values.map(
            ({ name, ink, said }, at) => html`<span class="line">${swatch(chart, ink, at)}${name}
              <b>${isGap ? "–" : said}</b></span>`,
          )}
        </div>
        <i class="grid-probe"></i><i class="paper-probe"></i>`,
      this.#shadow,
    );
  }
}

function sizeOf(box: Element | null): { width: number; height: number } {
  return { width: box?.clientWidth ?? 0, height: box?.clientHeight ?? 0 };
}

function isIn({ gaps, starts }: Chart, place: number): boolean {
  const start = starts[place] ?? Number.NaN;
  return gaps.some(([from, to]) => from <= start && start < to);
}

/** What a line looks like: its pattern where lines differ, a square for columns. */
function swatch({ stacked }: Chart, ink: string, at: number): TemplateResult {
  if (stacked) return html`<i class="column ink-${ink} ${COLUMNS[at] ?? ""}"></i>`;
  return html`<svg class="ink-${ink}" viewBox="0 0 22 4" width="22" height="4">
    <path d="M0 2H22" stroke="currentColor" stroke-width="2" stroke-dasharray=${(DASHES[at % DASHES.length] ?? []).join(" ")} />
  </svg>`;
}
