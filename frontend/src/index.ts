import { html, render } from "lit/html.js";
import { define } from "./elements/define";
import { HotPath } from "./elements/hot-path";
import { SHAPES } from "./elements/icons";
import { sheet } from "./elements/job-progress";
import { appear, disappear, paintSoon, tick } from "./elements/painter";
import { formatNumber, text } from "./elements/strings";
import { ages, lookOf, titleOf, viewOf } from "./elements/view";
import { isEnd } from "./protocol";

export * from "./connect";
export { JobProgress } from "./elements/job-progress";

/** For the files beside this one, which call them by their names: see `elements/lent.ts`. */
export const lent = [
  html,
  render,
  sheet,
  HotPath,
  SHAPES,
  appear,
  disappear,
  paintSoon,
  tick,
  formatNumber,
  text,
  ages,
  lookOf,
  titleOf,
  viewOf,
  isEnd,
] as const; // without names, which would be longer than the rest

define();
