/**
 * What a file beside `embed.js` takes from the one that the page has loaded, rather than bring its
 * own: the client, Lit, and how bars are drawn and painted. This file stands in the place of those
 * modules where such files are built. Built files cannot name each other, for Django would not find
 * a hashed one: the page tells the address.
 */

import { serviceScript } from "./service";

const address = serviceScript()?.src;
if (!address) throw new Error("expected {% headway_scripts %} on the page, got: none");

const embed: typeof import("../index") = await import(/* @vite-ignore */ address);

export const { connect } = embed;
export const [
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
] = embed.lent;

// Lit registers both under these names, for several copies to understand each other.
export const noChange = Symbol.for("lit-noChange");
export const nothing = Symbol.for("lit-nothing");

/** Lit's own directives, as `repeat`, make parts: all that they ask of its inside is their class. */
export const _$LH = { I: render(nothing, document.createDocumentFragment()).constructor };
