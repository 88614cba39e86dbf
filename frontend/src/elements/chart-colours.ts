/** The colours of a chart, read from the style sheet: a canvas follows neither it nor the system. */

import type { Ink } from "./chart";

const SIZE = 6; // pixels of a hatch

export class Colours {
  readonly #shadow: ShadowRoot;

  constructor(shadow: ShadowRoot) {
    this.#shadow = shadow;
  }

  ink(name: Ink): string {
    return this.#colourOf(`.ink-${name}`);
  }

  get text(): string {
    return this.#colourOf(".plot");
  }

  get grid(): string {
    return this.#colourOf(".grid-probe");
  }

  get paper(): string {
    return this.#colourOf(".paper-probe");
  }

  /** Stripes of a colour, on `paper` or on nothing; aslant or level, for two to differ. */
  hatch(
    context: CanvasRenderingContext2D,
    colour: string,
    paper = "",
    level = false,
  ): CanvasPattern | string {
    const size = Math.round(SIZE * devicePixelRatio);
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    if (!pen) return colour;
    if (paper) {
      pen.fillStyle = paper;
      pen.fillRect(0, 0, size, size);
    }
    pen.strokeStyle = colour;
    pen.lineWidth = size / (paper ? 2 : 5);
    pen.lineCap = "square";
    pen.beginPath();
    for (const shift of level ? [] : [-size, 0, size]) {
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
    }
    if (level) {
      pen.moveTo(0, size / 2);
      pen.lineTo(size, size / 2);
    }
    pen.stroke();
    return context.createPattern(tile, "repeat") ?? colour;
  }

  #colourOf(selector: string): string {
    const found = this.#shadow.querySelector(selector);
    return found ? getComputedStyle(found).color : "";
  }
}
