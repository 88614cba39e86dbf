import { beforeEach, describe, expect, it } from "vitest";
import { InboxList } from "../src/elements/inbox-list";
import type { Notice } from "../src/protocol";

const READ_AT = "2026-11-22T10:00:00.000Z";

function aNotice(id: number, read = false): Notice {
  return {
    id: String(id),
    job: "6f0e1c52-8d3b-4f6a-9f0e-2b7d5a1c9e44",
    kind: "failed",
    title: `Job ${id}`,
    text: "",
    at: READ_AT,
    read_at: read ? READ_AT : null,
    actions: [],
    question: null,
    files: [],
  };
}

/** Those from one number down to another. */
function some(from: number, to: number, read = false): Notice[] {
  return Array.from({ length: from - to + 1 }, (_, at) => aNotice(from - at, read));
}

let list: InboxList;
const ids = () => list.notices.map(({ id }) => Number(id));
const unread = () => list.notices.filter(({ read_at }) => read_at === null).length;

beforeEach(() => {
  list = new InboxList();
});

describe("the newest", () => {
  it("take the place of what they were, and are all where they are few", () => {
    list.take({ unread: 2, notices: some(2, 1) });
    list.take({ unread: 2, notices: [aNotice(3), aNotice(2, true), aNotice(1)] });
    expect([ids(), list.unread, list.more]).toEqual([[3, 2, 1], 2, false]);
    list.take({ unread: 1, notices: [aNotice(3)] });
    expect(ids()).toEqual([3]);
  });

  it("leave older pages where they are", () => {
    list.take({ unread: 30, notices: some(30, 11) });
    expect(list.more).toBe(true);
    list.add(some(10, 1), false);
    list.take({ unread: 31, notices: some(31, 12) });
    expect(ids()).toEqual(some(31, 1).map(({ id }) => Number(id)));
    expect(list.more).toBe(false);
  });

  it("begin the list anew where others between were never seen", () => {
    list.take({ unread: 30, notices: some(30, 11) });
    list.add(some(10, 1), false);
    list.take({ unread: 90, notices: some(90, 71) });
    expect([ids().length, list.more, list.last]).toEqual([20, true, "71"]);
  });

  it("let older ones be read when none is unread", () => {
    list.take({ unread: 30, notices: some(30, 11) });
    list.add(some(10, 1), false);
    list.take({ unread: 0, notices: some(30, 11, true) });
    expect([unread(), list.unread]).toEqual([0, 0]);
  });
});

describe("marking", () => {
  it("counts what was unread, once", () => {
    list.take({ unread: 25, notices: some(25, 6) });
    list.mark(true, ["25", "24", "x"]);
    list.mark(true, ["25"]);
    expect([unread(), list.unread]).toEqual([18, 23]);
    list.mark(false, ["25"]);
    expect([unread(), list.unread]).toEqual([19, 24]);
  });

  it("is not undone by a frame that was on its way", () => {
    list.take({ unread: 3, notices: some(3, 1) });
    const first = list.mark(true, ["3"]);
    list.take({ unread: 3, notices: some(3, 1) });
    expect([unread(), list.unread]).toEqual([2, 2]);
    const second = list.mark(false, ["3"]);
    first();
    list.take({ unread: 2, notices: [aNotice(3, true), ...some(2, 1)] });
    expect([unread(), list.unread]).toEqual([3, 3]);
    second();
    list.take({ unread: 2, notices: [aNotice(3, true), ...some(2, 1)] });
    expect([unread(), list.unread]).toEqual([2, 2]);
  });

  it("of all leaves none, however many are not here", () => {
    list.take({ unread: 90, notices: some(90, 71) });
    list.mark(true);
    expect([unread(), list.unread]).toEqual([0, 0]);
  });
});

it("a page that comes twice is there once", () => {
  list.take({ unread: 0, notices: some(30, 11, true) });
  list.add(some(10, 5), true);
  list.add(some(10, 5), true);
  expect([ids().length, list.more]).toEqual([26, true]);
});
