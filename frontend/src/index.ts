import { define } from "./elements/define";

export * from "./connect";
export { JobProgress } from "./elements/job-progress";

define();
