import { beforeAll, describe, expect, it, vi } from "vitest";
import { say } from "../src/elements/inbox-words";
import { say as sayOfLog } from "../src/elements/log-words";
import { words } from "../src/elements/steering-words";
import { text } from "../src/elements/strings";
import { viewOf } from "../src/elements/view";
import { aState } from "./fakes";

const BROUGHT = {
  bar: {
    queued: "排队中",
    position: "排在第 {n} 位",
    nth: "{n}",
    manyEnded: "{n} 个任务已结束",
    left: "约剩{time}",
  },
  steer: { cancel: "取消" },
  inbox: { undo: "撤销" },
  log: { lines: "{n} 行" },
};

beforeAll(() => {
  vi.stubGlobal("document", {
    documentElement: { lang: "zh-hans" },
    getElementById: (id: string) =>
      id === "headway-words" ? { textContent: JSON.stringify(BROUGHT) } : null,
  });
});

describe("a page in Chinese", () => {
  it("brings the words of each part", () => {
    expect([text("queued"), words("cancel"), say("undo")]).toEqual(["排队中", "取消", "撤销"]);
    expect(sayOfLog("lines", { n: 1 })).toBe("1 行");
  });

  it("has one form for every number", () => {
    expect(text("manyEnded", { n: 1 })).toBe("1 个任务已结束");
    expect(text("manyEnded", { n: 1234 })).toBe("1,234 个任务已结束");
  });

  it("counts places without an English ending", () => {
    expect(viewOf(aState({ status: "queued", position: 3 }), 0).more).toBe("排在第 3 位");
  });

  it("says times in its language, and a unit as it was told", () => {
    const view = viewOf(aState({ eta: 60, current: 2, total: 3, unit: "张" }), 0);
    expect(view.time).toBe("约剩1分钟");
    expect(view.count).toBe("2 / 3 张");
  });

  it("says in English what is not translated", () => {
    expect(text("failedItems", { n: 2 })).toBe("2 failed");
    expect(sayOfLog("news", { n: 2 })).toBe("2 new lines");
  });
});
