import { JobDashboard } from "./elements/job-dashboard";
import { themed } from "./elements/themed";

export { JobDashboard };

declare global {
  interface HTMLElementTagNameMap {
    "job-dashboard": JobDashboard;
  }
}

customElements.get("job-dashboard") ?? customElements.define("job-dashboard", JobDashboard);
themed("job-dashboard");
