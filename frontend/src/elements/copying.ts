/** Puts a text where it can be pasted from; tells whether that was possible. */
export async function copy(text: string, root: ShadowRoot): Promise<boolean> {
  if (!navigator.clipboard) return copyBySelection(text, root); // as on plain http
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, root);
  }
}

function copyBySelection(text: string, root: ShadowRoot): boolean {
  const focused = root.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  area.ariaHidden = "true";
  root.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;
}
