import { JobProgress } from "./job-progress";

declare global {
  interface HTMLElementTagNameMap {
    "job-progress": JobProgress;
  }
}

/** Registers the elements; a second copy of this script on a page leaves the first one's. */
export function define(): void {
  customElements.get("job-progress") ?? customElements.define("job-progress", JobProgress);
  followTheme();
}

/** `data-theme` on an ancestor decides over the page's colour scheme; the colours follow by themselves. */
function followTheme(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    "[data-theme=light] job-progress{color-scheme:light}[data-theme=dark] job-progress{color-scheme:dark}",
  );
  document.adoptedStyleSheets.push(sheet);
}
