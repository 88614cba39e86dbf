/** What uPlot is told to draw. */

import type uPlot from "uplot";
import { type Chart, lonely, piled, stepsOf, topOf } from "./chart";
import type { Colours } from "./chart-colours";

/** The patterns in which lines differ for who sees no colours. */
export const DASHES: readonly number[][] = [[], [7, 4], [2, 3]];
const DAY = 86_400;
const GAP = 5; // pixels between an axis and its words
const SYNC = "headway"; // all charts of a page show the same moment

export interface Plotted {
  readonly chart: () => Chart;
  readonly colours: Colours;
  readonly font: string;
  readonly language: string | undefined;
  readonly paths: typeof uPlot.paths;
  readonly tzDate: typeof uPlot.tzDate;
  readonly moved: (place: number | null) => void;
}

/** The middle of each point, and the values of each line; of columns the highest comes first. */
export function dataOf(chart: Chart): uPlot.AlignedData {
  const middles = chart.starts.map((start) => start + chart.step / 2);
  const values = chart.stacked
    ? piled(chart.lines).reverse()
    : chart.lines.map((one) => one.values);
  return [middles, ...values] as uPlot.AlignedData;
}

export function optionsOf(plotted: Plotted, width: number, height: number): uPlot.Options {
  const { chart, colours } = plotted;
  return {
    width,
    height,
    tzDate: (at) => inZone(plotted, at),
    legend: { show: false },
    padding: [8, 12, 0, 0],
    scales: {
      x: { time: true, range: () => [chart().from, chart().to] },
      y: { range: (_, _least, most) => [0, topOf(most, chart().unit)] },
    },
    axes: [timeAxis(plotted), valueAxis(plotted)],
    series: [{}, ...seriesOf(plotted)],
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: chart().stacked
        ? { show: false }
        : {
            size: 7,
            width: 0,
            fill: (_, place) => colours.ink(chart().lines[place - 1]?.ink ?? "first"),
          },
      sync: { key: SYNC, setSeries: false },
    },
    hooks: {
      drawClear: [(plot) => hatchGaps(plot, plotted)],
      setCursor: [
        ({ cursor }) => plotted.moved((cursor.left ?? -1) < 0 ? null : (cursor.idx ?? null)),
      ],
    },
  };
}

function seriesOf({ chart, colours, paths }: Plotted): uPlot.Series[] {
  const { lines, stacked } = chart();
  const drawn = lines.map(({ ink }, at): uPlot.Series => {
    if (!stacked) {
      return {
        stroke: () => colours.ink(ink),
        width: 2,
        dash: DASHES[at % DASHES.length] ?? [],
        points: {
          show: true,
          size: 5,
          fill: () => colours.ink(ink),
          filter: () => lonely(chart().lines[at]?.values ?? []),
        },
      };
    }
    const bars = paths.bars?.({ size: [0.9, Number.POSITIVE_INFINITY, 1], align: 0 });
    const filled = ({ ctx }: uPlot) =>
      at === 0 ? colours.ink(ink) : colours.hatch(ctx, colours.ink(ink), colours.paper, at > 1);
    const fill = filled as uPlot.Series["fill"] & {};
    return { fill, width: 0, points: { show: false }, ...(bars && { paths: bars }) };
  });
  return stacked ? drawn.reverse() : drawn;
}

/** A moment, in seconds, whose local time is that of the chart's zone. */
function inZone({ chart, tzDate }: Plotted, at: number): Date {
  const { zone } = chart();
  const moment = new Date(at * 1000);
  return zone ? tzDate(moment, zone) : moment;
}

function timeAxis(plotted: Plotted): uPlot.Axis {
  const { colours, font, language } = plotted;
  const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" });
  const isMidnight = (at: Date) => at.getHours() === 0 && at.getMinutes() === 0;
  return {
    ...looks(colours, font),
    space: 72,
    size: 28,
    values: (_, splits, _axis, _space, step) =>
      splits.map((split) => {
        const at = inZone(plotted, split);
        return (step >= DAY || isMidnight(at) ? day : clock).format(at);
      }),
  };
}

function valueAxis({ chart, colours, font }: Plotted): uPlot.Axis {
  return {
    ...looks(colours, font),
    space: 28,
    incrs: () => stepsOf(chart().unit),
    values: (_, splits) => splits.map((split) => (split === 0 ? "0" : chart().say(split))),
    size: ({ ctx }, values) => {
      ctx.font = font.replace("12px", `${12 * devicePixelRatio}px`);
      const widths = (values ?? []).map((said) => ctx.measureText(said).width / devicePixelRatio);
      return Math.ceil(Math.max(28, ...widths) + 2 * GAP);
    },
  };
}

function looks(colours: Colours, font: string): uPlot.Axis {
  return {
    font,
    gap: GAP,
    stroke: () => colours.text,
    grid: { stroke: () => colours.grid, width: 1 },
    ticks: { show: false },
  };
}

/** What nobody counted is hatched: no line goes through it. */
function hatchGaps(plot: uPlot, { chart, colours }: Plotted): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = colours.hatch(ctx, colours.grid);
  for (const [from, to] of chart().gaps) {
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}
