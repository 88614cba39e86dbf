import { JobLog } from "./elements/job-log";
import { themed } from "./elements/themed";

export { JobLog };

declare global {
  interface HTMLElementTagNameMap {
    "job-log": JobLog;
  }
}

customElements.get("job-log") ?? customElements.define("job-log", JobLog);
themed("job-log");
