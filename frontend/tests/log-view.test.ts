import { beforeEach, describe, expect, it } from "vitest";
import type { Row } from "../src/elements/log-lines";
import { LEVELS, LogView } from "../src/elements/log-view";

/** A line of each level, over and over, and a gap before them. */
const ROWS: Row[] = [
  { n: 2, lost: 2 },
  ...Array.from({ length: 10 }, (_, at) => ({
    n: at + 3,
    at: "",
    level: LEVELS[at % 5] ?? "",
    text: `Row ${at} (${at % 2 === 0 ? "even" : "odd"})`,
  })),
];

let view: LogView;
const shown = () => view.rows.map(({ n }) => n);

beforeEach(() => {
  view = new LogView();
  view.reset(ROWS);
});

describe("a level", () => {
  it("hides what is less grave, and no gap", () => {
    view.filter("warning", ROWS);
    expect(shown()).toEqual([2, 5, 6, 7, 10, 11, 12]);
    view.filter("debug", ROWS);
    expect(shown()).toHaveLength(11);
  });

  it("holds for what comes later", () => {
    view.filter("error", ROWS);
    const [debug, , , error] = ROWS.slice(1) as [Row, Row, Row, Row];
    expect(
      view.add(
        [
          { ...debug, n: 13 },
          { ...error, n: 14 },
        ],
        0,
      ),
    ).toEqual({ added: 1, gone: 0 });
    expect(shown()).toEqual([2, 6, 7, 11, 12, 14]);
  });
});

describe("what is sought", () => {
  it("is found in capitals or not, and as it is written", () => {
    view.search("ROW 3");
    expect(view.found).toEqual([6]);
    view.search("(even)");
    expect(view.found).toEqual([3, 5, 7, 9, 11]);
    view.search(".");
    expect(view.found).toEqual([]);
    view.search("");
    expect([view.found, view.pattern]).toEqual([[], null]);
  });

  it("is found among what is shown alone", () => {
    view.search("even");
    view.filter("error", ROWS);
    expect(view.found).toEqual([7, 11]);
  });

  it("is found in what comes, and gone with what goes", () => {
    view.search("even");
    const row = { n: 13, at: "", level: "info", text: "Even more" };
    expect(view.add([row], 8)).toEqual({ added: 1, gone: 6 });
    expect([shown(), view.found]).toEqual([
      [8, 9, 10, 11, 12, 13],
      [9, 11, 13],
    ]);
  });

  it("is gone through both ways, round and round", () => {
    view.search("odd");
    expect(view.found).toEqual([4, 6, 8, 10, 12]);
    expect([view.next(0, 1), view.next(4, 1), view.next(5, 1), view.next(12, 1)]).toEqual([
      4, 6, 6, 4,
    ]);
    expect([view.next(4, -1), view.next(5, -1), view.next(99, -1)]).toEqual([12, 4, 12]);
    expect([view.rank(6), view.rank(7)]).toEqual([2, 0]);
    view.search("nowhere");
    expect([view.next(4, 1), view.next(4, -1)]).toEqual([undefined, undefined]);
  });
});

it("a line that is not shown is where the next one is", () => {
  view.filter("warning", ROWS);
  expect([view.indexOf(5), view.indexOf(8), view.indexOf(99)]).toEqual([1, 4, 7]);
});
