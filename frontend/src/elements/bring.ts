/**
 * Fetches the file of an element, or of what an element asks for by an attribute, once the page has
 * one, be it from the beginning or inserted later. The tag of this script tells the addresses by
 * selector: `data-headway-elements`.
 */
export function bring(): void {
  const tag = document.querySelector<HTMLScriptElement>("script[data-headway-elements]");
  const told: Record<string, string> = JSON.parse(tag?.dataset["headwayElements"] || "{}");
  const missing = new Map(Object.entries(told));
  const look = () => {
    for (const [name, address] of missing) {
      if (!document.querySelector(name)) continue;
      missing.delete(name);
      if (!customElements.get(name)) void import(/* @vite-ignore */ address);
    }
    if (missing.size === 0) observer.disconnect();
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true });
  look();
}
