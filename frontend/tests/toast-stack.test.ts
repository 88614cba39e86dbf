import { beforeEach, expect, it } from "vitest";
import { ToastStack } from "../src/elements/toast-stack";
import type { Notice } from "../src/protocol";

function aNotice(id: number, more: Partial<Notice> = {}): Notice {
  return {
    id: String(id),
    job: `job ${id}`,
    kind: "failed",
    title: `Job ${id}`,
    text: "",
    at: "2026-11-22T10:00:00.000Z",
    read_at: null,
    actions: [],
    question: null,
    files: [],
    ...more,
  };
}

const nobody = () => false;
let stack: ToastStack;
const ids = () => stack.shown(3).map(({ id }) => Number(id));
const take = (...notices: Notice[]) => stack.take({ unread: 0, notices }, nobody);

beforeEach(() => {
  stack = new ToastStack();
  take(aNotice(1));
});

it("what was there before is no toast", () => {
  expect(ids()).toEqual([]);
});

it("the newest three are shown, and the others when those are closed", () => {
  take(...[5, 4, 3, 2, 1].map((id) => aNotice(id)));
  expect(ids()).toEqual([5, 4, 3]);
  stack.close("4");
  expect(ids()).toEqual([5, 3, 2]);
});

it("each is shown once", () => {
  take(aNotice(2), aNotice(1));
  stack.close("2");
  take(aNotice(2), aNotice(1));
  expect(ids()).toEqual([]);
});

it("what is read anywhere goes", () => {
  take(aNotice(3), aNotice(2));
  take(aNotice(3), aNotice(2, { read_at: "2026-11-22T10:00:00.000Z" }));
  expect(ids()).toEqual([3]);
});

it("a job has one toast, which stays where it is", () => {
  take(aNotice(3), aNotice(2));
  take(aNotice(4, { job: "job 2" }), aNotice(3), aNotice(2));
  expect(ids()).toEqual([3, 4]);
});

it("who looks at a job's bar is shown none of it", () => {
  stack.take({ unread: 2, notices: [aNotice(3), aNotice(2)] }, (job) => job === "job 3");
  expect(ids()).toEqual([2]);
});

it("notices without a job are apart", () => {
  take(aNotice(3, { job: null }), aNotice(2, { job: null }));
  expect(ids()).toEqual([3, 2]);
});

it("what is new is told once, whether it is a toast or not", () => {
  const silent = aNotice(3, { ways: ["inbox", "browser"] });
  const told = stack.take({ unread: 0, notices: [silent, aNotice(2), aNotice(1)] }, nobody);
  expect(told.map(({ id }) => id)).toEqual(["3", "2"]);
  expect(ids()).toEqual([2]);
  expect(stack.take({ unread: 0, notices: [silent, aNotice(2)] }, nobody)).toEqual([]);
});

it("what somebody has seen in another tab is none here, also when it comes later", () => {
  take(aNotice(2), aNotice(1));
  stack.saw("2");
  stack.saw("3");
  take(aNotice(4), aNotice(3), aNotice(2));
  expect(ids()).toEqual([4]);
  expect([stack.isSeen("3"), stack.isSeen("4")]).toEqual([true, false]);
});

it("what was closed comes back once it is unread", () => {
  const closed = aNotice(2, { read_at: "2026-11-22T10:00:00.000Z" });
  take(aNotice(2));
  stack.close("2");
  stack.recall("2");
  take(closed);
  expect(ids()).toEqual([]);
  take(aNotice(2));
  expect(ids()).toEqual([2]);
  stack.close("2");
  take(aNotice(2));
  expect(ids()).toEqual([]);
});
