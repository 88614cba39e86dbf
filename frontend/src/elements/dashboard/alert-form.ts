/** The dialog in which a rule of alerts is made, or changed. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { tell, type Word } from "./alert-words";
import type { Kind, Language, Rule } from "./alerts-api";
import type { Desk } from "./desk";

const KINDS: readonly Kind[] = ["task_failed", "queue_old", "worker_gone", "job_stalled"];
const INBOXES = ["nobody", "operators", "chosen"] as const;
const NUMBERS = ["count", "minutes", "quiet"];
const LISTS = ["mails", "people"];
const SECRET = 24; // bytes of one that is made here

/** What a field of a rule says; several, as they are typed, with commas. */
type Typed = Record<string, string>;

const FRESH: Typed = {
  ...{ name: "", kind: "task_failed", pattern: "*", count: "3", minutes: "5" },
  ...{ inbox: "operators", people: "", mails: "", url: "", secret: "", quiet: "60", language: "" },
};

export class AlertForm {
  readonly #desk: Desk;
  readonly #keep: (id: number | null, said: object) => Promise<unknown>;
  #rule: Rule | null = null;
  #typed: Typed = FRESH;
  #problem = "";
  #busy = false;
  #shows = false;
  languages: readonly Language[] = [];

  constructor(desk: Desk, keep: (id: number | null, said: object) => Promise<unknown>) {
    this.#desk = desk;
    this.#keep = keep;
  }

  get shape(): string {
    const { kind, inbox, url } = this.#typed;
    return JSON.stringify([
      this.#rule?.id,
      kind,
      inbox,
      url !== "",
      this.#problem,
      this.#busy,
      this.#shows,
    ]);
  }

  /** Opens it on a rule, or on a new one. */
  open(rule: Rule | null): void {
    this.#rule = rule;
    this.#typed = rule ? typedOf(rule) : { ...FRESH };
    this.#problem = "";
    this.#shows = false;
    const form = this.#dialog?.querySelector("form");
    for (const [name, value] of Object.entries(this.#typed)) write(form, name, value);
    this.#desk.redraw();
    requestAnimationFrame(() => this.#dialog?.showModal());
  }

  draw(): TemplateResult {
    const { kind, inbox, url } = this.#typed;
    const rule = this.#rule;
    return html`<dialog id="alert-form" aria-labelledby="alert-form-title">
      <form @submit=${this.#submitted} @input=${this.#changed}>
        <h2 id="alert-form-title">${rule ? tell("alertChangeIt", { name: rule.name }) : tell("alertNew")}</h2>
        ${field("alertName", html`<input name="name" required maxlength="100" />`)}
        ${field("alertKind", html`<select name="kind">${KINDS.map((one) => option(one, tell(`alert_${one}`)))}</select>`)}
        ${field(patternOf(kind as Kind), html`<input name="pattern" required maxlength="255" spellcheck="false" aria-describedby="why-${patternOf(kind as Kind)}" />`, "alertPatternWhy")}
        <div class="pair">
          ${field("alertCount", number("count", 1, 10_000), undefined, kind !== "task_failed")}
          ${field(kind === "task_failed" ? "alertWithin" : "alertFor", number("minutes", 0, 10_080))}
          ${field("alertQuiet", number("quiet", 1, 10_080))}
        </div>
        <fieldset><legend>${tell("alertWays")}</legend>
          ${field("alertInbox", html`<select name="inbox">${INBOXES.map((one) => option(one, tell(`alert_${one}`)))}</select>`)}
          ${field("alertPeople", html`<input name="people" spellcheck="false" aria-describedby="why-alertPeople" />`, "alertCommas", inbox !== "chosen")}
          ${field("alertMails", html`<input name="mails" inputmode="email" spellcheck="false" aria-describedby="why-alertMails" />`, "alertCommas")}
          ${field("alertUrl", html`<input name="url" inputmode="url" maxlength="2000" spellcheck="false" placeholder="https://" />`)}
          ${this.#drawSecret(url === "")}
          ${field(
            "alertLanguage",
            html`<select name="language">
            ${option("", tell("alertOwnLanguage"))}${this.languages.map(({ code, name }) => option(code, name))}
          </select>`,
          )}
        </fieldset>
        ${this.#problem ? html`<p class="wrong" role="alert">${this.#problem}</p>` : nothing}
        <div class="buttons">
          <button type="button" class="button" @click=${() => this.#dialog?.close()}>${tell("alertCancel")}</button>
          <button class="button main" ?disabled=${this.#busy}>${tell("alertKeep")}</button>
        </div>
      </form>
    </dialog>`;
  }

  #drawSecret(hidden: boolean): TemplateResult {
    const kept = this.#rule?.has_secret ? tell("alertSecretKept") : tell("alertSecretWhy");
    const kind = this.#shows ? "text" : "password";
    return html`<div class="row" ?hidden=${hidden}>
      <div class="field"><label><span>${tell("alertSecret")}</span>
        <input name="secret" type=${kind} maxlength="200" autocomplete="new-password" spellcheck="false"
          aria-describedby="alert-secret-why" /></label></div>
      <button type="button" class="button" @click=${this.#makeSecret}>${tell("alertMake")}</button>
      <p class="quiet" id="alert-secret-why">${kept}</p>
    </div>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.#desk.shadow.querySelector<HTMLDialogElement>("#alert-form");
  }

  readonly #changed = (event: Event): void => {
    const { name, value } = event.target as HTMLInputElement;
    this.#typed = { ...this.#typed, [name]: value };
    if (name === "kind" && value === "worker_gone" && Number(this.#typed["minutes"]) > 9) {
      this.#write("minutes", "1"); // later the service has forgotten the worker
    }
    this.#desk.redraw();
  };

  /** A secret that nobody has had to think of, shown to be copied: it is not shown again. */
  readonly #makeSecret = (): void => {
    const bytes = crypto.getRandomValues(new Uint8Array(SECRET));
    this.#write("secret", Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
    this.#shows = true;
    this.#desk.redraw();
  };

  #write(name: string, value: string): void {
    this.#typed = { ...this.#typed, [name]: value };
    write(this.#dialog?.querySelector("form"), name, value);
  }

  readonly #submitted = async (event: Event): Promise<void> => {
    event.preventDefault();
    this.#busy = true;
    this.#problem = "";
    this.#desk.redraw();
    try {
      await this.#keep(this.#rule?.id ?? null, saidOf(this.#typed));
      this.#dialog?.close();
    } catch (problem) {
      this.#problem = problem instanceof Error ? problem.message : String(problem);
    }
    this.#busy = false;
    this.#desk.redraw();
  };
}

function typedOf(rule: Rule): Typed {
  const said = Object.entries({ ...rule, secret: "" }).filter(([name]) => name in FRESH);
  return Object.fromEntries(
    said.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : String(value)]),
  );
}

/** As the service takes it; a secret that was not typed stays what it is. */
function saidOf(typed: Typed): object {
  const said = Object.entries(typed).map(([name, value]) => {
    if (NUMBERS.includes(name)) return [name, Number(value)];
    return [name, LISTS.includes(name) ? value.split(/[\s,]+/).filter(Boolean) : value.trim()];
  });
  return Object.fromEntries(said.filter(([name, value]) => name !== "secret" || value));
}

function patternOf(kind: Kind): Word {
  if (kind === "queue_old") return "alertQueue";
  return kind === "worker_gone" ? "alertWorker" : "alertTask";
}

/** `why` says more of it, outside its label: the control names it as what describes it. */
function field(label: Word, control: TemplateResult, why?: Word, hidden = false): TemplateResult {
  return html`<div class="field" ?hidden=${hidden}>
    <label><span>${tell(label)}</span>${control}</label>
    ${why ? html`<small class="quiet" id="why-${label}">${tell(why)}</small>` : nothing}</div>`;
}

function number(name: string, least: number, most: number): TemplateResult {
  return html`<input name=${name} type="number" required min=${least} max=${most} />`;
}

function option(value: string, label: string): TemplateResult {
  return html`<option value=${value}>${label}</option>`;
}

function write(form: HTMLFormElement | null | undefined, name: string, value: string): void {
  const control = form?.elements.namedItem(name);
  if (control instanceof HTMLInputElement || control instanceof HTMLSelectElement)
    control.value = value;
}
