import { JobTray } from "./elements/job-tray";
import { themed } from "./elements/themed";

export { JobTray };

declare global {
  interface HTMLElementTagNameMap {
    "job-tray": JobTray;
  }
}

customElements.get("job-tray") ?? customElements.define("job-tray", JobTray);
themed("job-tray");
