import { bring } from "./elements/bring";
import { HeadwayActions } from "./elements/headway-actions";
import { HeadwayQuestion } from "./elements/headway-question";

customElements.get("headway-actions") ?? customElements.define("headway-actions", HeadwayActions);
customElements.get("headway-question") ??
  customElements.define("headway-question", HeadwayQuestion);
bring();
