/** What the element asks of each of its pages. */

import type { TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import type { Route } from "./routes";
import type { Command } from "./shortcuts";

export type Keys = Partial<Record<Command, () => void>>;

export interface Page {
  /** Its heading, and its part of the window's title. */
  readonly title: string;
  /** All that its templates show, as one text: what is the same is not drawn again. */
  readonly shape: string;
  /** Whether its templates tell ages, so that they are drawn each second. */
  readonly ages: boolean;
  /** Why nothing can be done here, "" where something can; unless it says so, jobs decide. */
  readonly readOnly?: string;
  /** What the keys mean while it is shown. */
  readonly keys: Keys;

  /** Shows what an address tells; called for each address that is its own. */
  open(route: Route): void;
  /** Another page is shown. */
  leave(): void;
  draw(): TemplateResult;
  /** What stands in the place of the heading. */
  drawWay?(): TemplateResult;
  /** The templates are drawn. */
  drawn?(): void;
  /** Writes what moves between two draws; `all` where anything may look otherwise. */
  paint?(all: boolean): void;
  /** The window has another size. */
  measure?(): void;
  /** A job's new state, whichever page is shown. */
  take?(state: JobState): void;
  /** What was missed while nobody was heard is asked for. */
  renew?(): void;
  /** The element leaves. */
  close?(): void;
}
