import type { Sign } from "./tab-words";

const SIZE = 32;
const MIDDLE = SIZE / 2;
const WIDTH = 6;
const TOP = -Math.PI / 2;
const TRACK = "#8a94a6";
const MOVING = "#1d5fd0";
const ENDS: Record<Exclude<Sign["end"], "">, string> = {
  good: "#20704f",
  mixed: "#8a5a00",
  bad: "#b5322a",
  off: "#566275",
};
/** Lines of the marks, as points in the icon. */
const MARKS: Record<Exclude<Sign["end"], "">, readonly (readonly [number, number][])[]> = {
  good: [[[9, 17], [14, 22], [23, 11]]], // biome-ignore format: points in pairs
  mixed: [[[16, 8], [16, 18]], [[16, 23], [16, 24]]], // biome-ignore format: points in pairs
  bad: [[[11, 11], [21, 21]], [[21, 11], [11, 21]]], // biome-ignore format: points in pairs
  off: [[[10, 22], [22, 10]]], // biome-ignore format: points in pairs
};

/** The address of a picture for the tab: a ring that fills, then a disc with a mark. */
export function drawIcon(sign: Sign): string {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  if (!pen) return "";
  if (sign.end) drawEnd(pen, sign.end);
  else drawRing(pen, sign.fraction ?? 0);
  return canvas.toDataURL();
}

function drawRing(pen: CanvasRenderingContext2D, fraction: number): void {
  pen.lineWidth = WIDTH;
  arc(pen, TRACK, 1);
  arc(pen, MOVING, Math.max(fraction, 0.04)); // nothing done yet is a ring, too
}

function arc(pen: CanvasRenderingContext2D, colour: string, fraction: number): void {
  pen.strokeStyle = colour;
  pen.beginPath();
  pen.arc(MIDDLE, MIDDLE, MIDDLE - WIDTH / 2, TOP, TOP + 2 * Math.PI * fraction);
  pen.stroke();
}

function drawEnd(pen: CanvasRenderingContext2D, end: Exclude<Sign["end"], "">): void {
  pen.fillStyle = ENDS[end];
  pen.beginPath();
  pen.arc(MIDDLE, MIDDLE, MIDDLE, 0, 2 * Math.PI);
  pen.fill();
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 4;
  pen.lineCap = "round";
  for (const line of MARKS[end]) {
    pen.beginPath();
    for (const [x, y] of line) pen.lineTo(x, y);
    pen.stroke();
  }
}
