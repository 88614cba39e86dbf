/** Where keys lead in a tree, as its pattern of WAI-ARIA has it. */

/** What a tree does: it asks nothing else of the element. */
export interface Moves {
  focus(item: HTMLElement | null | undefined): void;
  toggle(item: HTMLElement, open: boolean): void;
  press(item: HTMLElement): void;
}

const state = (item: HTMLElement) => item.getAttribute("aria-expanded");
const titleOf = (item: HTMLElement) =>
  (item.querySelector(".title")?.textContent ?? "").trim().toLocaleLowerCase();
/** The branch that a row stands in, and the row above it. */
const branchOf = (item: HTMLElement) => item.closest("[role=group], [role=tree]");
const above = (item: HTMLElement) =>
  branchOf(item)?.parentElement?.querySelector<HTMLElement>(":scope > [role=treeitem]");

/** Moves as the key says; tells whether it says anything. */
export function move(
  { key }: { readonly key: string },
  item: HTMLElement,
  items: readonly HTMLElement[],
  moves: Moves,
): boolean {
  const at = items.indexOf(item);
  const inward = item.matches(":dir(rtl)") ? "ArrowLeft" : "ArrowRight";
  if (key === "ArrowDown") moves.focus(items[at + 1]);
  else if (key === "ArrowUp") moves.focus(items[at - 1]);
  else if (key === "Home") moves.focus(items[0]);
  else if (key === "End") moves.focus(items.at(-1));
  else if (key === inward) goIn(item, items[at + 1], moves);
  else if (key === "ArrowLeft" || key === "ArrowRight") goOut(item, moves);
  else if (key === "Enter") moves.press(item);
  else if (key === " ") pressOrToggle(item, moves);
  else if (key === "*") openAll(item, items, moves);
  else return key.length === 1 && goTo(key, at, items, moves);
  return true;
}

function goIn(item: HTMLElement, next: HTMLElement | undefined, moves: Moves): void {
  if (state(item) === "false") moves.toggle(item, true);
  else if (state(item) === "true") moves.focus(next);
}

function goOut(item: HTMLElement, moves: Moves): void {
  if (state(item) === "true") moves.toggle(item, false);
  else moves.focus(above(item));
}

function pressOrToggle(item: HTMLElement, moves: Moves): void {
  if (state(item) === null) moves.press(item);
  else moves.toggle(item, state(item) === "false");
}

function openAll(item: HTMLElement, items: readonly HTMLElement[], moves: Moves): void {
  const siblings = items.filter((one) => branchOf(one) === branchOf(item));
  for (const one of siblings) if (state(one) === "false") moves.toggle(one, true);
}

function goTo(key: string, at: number, items: readonly HTMLElement[], moves: Moves): boolean {
  const letter = key.toLocaleLowerCase();
  const round = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  moves.focus(round.find((one) => titleOf(one).startsWith(letter)));
  return true;
}
