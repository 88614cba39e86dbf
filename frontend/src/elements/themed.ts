/** `data-theme` on an ancestor decides over the page's colour scheme; the colours follow by themselves. */
export function themed(name: string): void {
  const sheet = new CSSStyleSheet();
  const rules = ["light", "dark"].map(
    (scheme) => `[data-theme="${scheme}"] ${name}{color-scheme:${scheme}}`,
  );
  sheet.replaceSync(rules.join(""));
  document.adoptedStyleSheets.push(sheet);
}
