import { JobInbox } from "./elements/job-inbox";
import { JobToasts } from "./elements/job-toasts";

export { JobInbox, JobToasts };

declare global {
  interface HTMLElementTagNameMap {
    "job-inbox": JobInbox;
    "job-toasts": JobToasts;
  }
}

customElements.get("job-inbox") ?? customElements.define("job-inbox", JobInbox);
customElements.get("job-toasts") ?? customElements.define("job-toasts", JobToasts);

const sheet = new CSSStyleSheet();
sheet.replaceSync(
  '[data-theme="light"] :is(job-inbox,job-toasts){color-scheme:light}[data-theme="dark"] :is(job-inbox,job-toasts){color-scheme:dark}',
);
document.adoptedStyleSheets.push(sheet);
