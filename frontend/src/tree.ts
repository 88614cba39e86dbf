import { JobTree } from "./elements/job-tree";
import { themed } from "./elements/themed";

export { JobTree };

declare global {
  interface HTMLElementTagNameMap {
    "job-tree": JobTree;
  }
}

customElements.get("job-tree") ?? customElements.define("job-tree", JobTree);
themed("job-tree");
