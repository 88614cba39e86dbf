import { HeadwayChart } from "./elements/headway-chart";

customElements.get("headway-chart") ?? customElements.define("headway-chart", HeadwayChart);
