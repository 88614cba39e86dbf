import { describe, expect, it } from "vitest";
import { Even, Follow, span, Uneven } from "../src/elements/log-window";

describe("rows of one height", () => {
  const layout = new Even(20_000, 20);

  it("are drawn where they are seen, and a few around", () => {
    expect(span(layout, 20_000, 0, 400, 5)).toEqual([0, 26]);
    expect(span(layout, 20_000, 1000, 400, 5)).toEqual([45, 76]);
    expect(span(layout, 20_000, 20_000 * 20 - 400, 400, 5)).toEqual([19_975, 20_000]);
  });

  it("know where they are", () => {
    expect([layout.size, layout.offsetOf(7), layout.indexAt(159), layout.indexAt(-5)]).toEqual([
      400_000, 140, 7, 0,
    ]);
  });

  it("may be none", () => {
    expect(span(new Even(0, 20), 0, 0, 400, 5)).toEqual([0, 0]);
  });
});

describe("rows of several heights", () => {
  const made = () => {
    const layout = new Uneven();
    layout.add([20, 40, 20, 60]);
    return layout;
  };

  it("know where they are", () => {
    const layout = made();
    expect([layout.size, layout.offsetOf(2), layout.offsetOf(3)]).toEqual([140, 60, 80]);
    expect([0, 19, 20, 59, 60, 139, 999].map((y) => layout.indexAt(y))).toEqual([
      0, 0, 1, 1, 2, 3, 3,
    ]);
  });

  it("move when one was guessed wrong", () => {
    const layout = made();
    expect([layout.size, layout.correct(1, 20), layout.correct(1, 20)]).toEqual([140, -20, 0]);
    expect([layout.size, layout.offsetOf(3), layout.indexAt(45)]).toEqual([120, 60, 2]);
  });

  it("come at the end and go at the beginning", () => {
    const layout = made();
    layout.drop(2);
    layout.add(Array<number>(100).fill(10));
    expect([layout.size, layout.offsetOf(1), layout.offsetOf(3)]).toEqual([1080, 20, 90]);
    expect(span(layout, 102, 90, 50, 1)).toEqual([2, 10]);
  });

  it("may be none", () => {
    expect([new Uneven().size, new Uneven().indexAt(5)]).toEqual([0, 0]);
  });
});

describe("following", () => {
  it("ends with any way up, however short, and begins again at the end", () => {
    const follow = new Follow(true);
    follow.place(1000);
    follow.scrolled(995, 1000);
    expect(follow.follows).toBe(false);
    follow.came(7);
    follow.scrolled(970, 1140);
    follow.scrolled(1000, 1140);
    expect([follow.follows, follow.missed]).toEqual([false, 7]);
    follow.scrolled(1117, 1140);
    expect([follow.follows, follow.missed]).toEqual([true, 0]);
  });

  it("is not ended by where we scroll ourselves", () => {
    const follow = new Follow(true);
    follow.place(1000);
    follow.scrolled(1000.4, 1000.4);
    follow.place(400); // a filter has made it shorter
    follow.scrolled(400, 400);
    expect([follow.follows, follow.top]).toEqual([true, 400]);
  });

  it("does not begin where we have scrolled to the end", () => {
    const follow = new Follow(false);
    follow.place(1000);
    follow.scrolled(1000, 1000);
    expect(follow.follows).toBe(false);
  });

  it("counts what has come only meanwhile", () => {
    const follow = new Follow(true);
    follow.came(5);
    follow.stop();
    follow.came(3);
    follow.came(4);
    expect(follow.missed).toBe(7);
    follow.start();
    expect(follow.missed).toBe(0);
  });
});
