/** What the command palette offers: the pages, the views, what keys do here, how it looks. */

import type { Keys } from "./page";
import type { Choice } from "./palette";
import { isOpenTo, LISTED, plain, type Route, type Viewer } from "./routes";
import { setTheme } from "./settings";
import { KEYS_OF } from "./shortcuts";
import { VIEWS } from "./views";
import { tell, wordOf } from "./words";

export interface Offered {
  readonly viewer: Viewer;
  readonly own: readonly { readonly name: string; readonly q: string }[];
  readonly keys: Keys;
  readonly base: URL;
  readonly go: (route: Route) => void;
  readonly help: () => void;
}

const LOOKS = [
  ["", "lookSystem"],
  ["light", "lookLight"],
  ["dark", "lookDark"],
] as const;

export function choicesOf(offered: Offered): readonly Choice[] {
  const { viewer, own, keys, base, go, help } = offered;
  const pages = LISTED.filter((page) => isOpenTo(viewer, page)).map((page) =>
    choice(tell(page), tell("goTo"), keysOf(page), () => go(plain(page))),
  );
  const here = KEYS_OF.flatMap(([pressed, command]) => {
    const run = keys[command];
    return run ? [choice(tell(wordOf(command)), tell("onThisPage"), pressed, run)] : [];
  });
  const views = [...VIEWS.map(({ name, q }) => ({ name: tell(name), q })), ...own].map(
    ({ name, q }) => choice(name, tell("views"), "", () => go({ page: "jobs", q })),
  );
  const looks = LOOKS.map(([theme, word]) =>
    choice(tell(word), tell("look"), "", () => setTheme(theme, base)),
  );
  return [...pages, ...here, ...views, ...looks, choice(tell("keys"), "", "?", help)];
}

function choice(name: string, about: string, keys: string, run: () => void): Choice {
  return { name, about, keys, run };
}

function keysOf(name: string): string {
  return KEYS_OF.find(([, command]) => command === name)?.[0] ?? "";
}
