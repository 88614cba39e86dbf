/** The page of alerts: rules, what has fired, and the form in which a rule is made or changed. */

import type { TemplateResult } from "lit/html.js";
import { html } from "lit/html.js";
import { AlertForm } from "./alert-form";
import { tell } from "./alert-words";
import styles from "./alerts.css?inline";
import { type Alert, AlertsApi, type Rule } from "./alerts-api";
import { drawAlerts, type Picture } from "./alerts-drawing";
import type { Desk } from "./desk";
import type { Later } from "./fetched";
import type { Refresh } from "./refresh";

const EVERY = 5000; // milliseconds between two looks; the service judges every ten seconds
const PATIENCE = 5000; // for which a button asks whether it is meant

const own = new CSSStyleSheet();
own.replaceSync(styles);

export class AlertsPage implements Later {
  readonly ages = true;
  readonly keys = {};
  readonly #desk: Desk;
  readonly #api: AlertsApi;
  readonly #form: AlertForm;
  #rules: readonly Rule[] | null = null;
  #alerts: readonly Alert[] = [];
  #busy: number | null = null;
  #sure: number | null = null;
  #tried: Picture["tried"] = null;
  readonly #refresh: Refresh;
  #shown = false;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#api = new AlertsApi(desk.api.include);
    this.#refresh = desk.refresh((signal) => this.#ask(signal), EVERY);
    this.#form = new AlertForm(desk, async (id, said) => {
      await this.#api.keep(id, said);
      desk.say(tell("alertKept"));
      await this.#refresh.now();
    });
  }

  get shape(): string {
    return JSON.stringify([
      [this.#rules, this.#alerts, this.#refresh.problem],
      [this.#busy, this.#sure, this.#tried, this.#form.shape, this.#form.languages],
    ]);
  }

  open(): void {
    const { shadow } = this.#desk;
    if (!shadow.adoptedStyleSheets.includes(own)) shadow.adoptedStyleSheets.push(own);
    this.#shown = true;
    void this.#refresh.now();
  }

  leave(): void {
    this.#shown = false;
    this.#refresh.stop();
    this.#tried = null;
  }

  close(): void {
    this.leave();
  }

  renew(): void {
    if (this.#shown) void this.#refresh.now();
  }

  paint(): void {
    if (this.#shown) this.#refresh.look();
  }

  draw(): TemplateResult {
    const picture: Picture = {
      rules: this.#rules,
      alerts: this.#alerts,
      problem: this.#refresh.problem,
      now: this.#desk.now(),
      busy: this.#busy,
      tried: this.#tried,
      sure: this.#sure,
      hrefOf: (id) => this.#desk.hrefOf({ page: "job", id }),
      make: () => this.#form.open(null),
      change: (rule) => this.#form.open(rule),
      turn: (rule) => this.#do(rule, () => this.#api.keep(rule.id, { enabled: !rule.enabled })),
      try: (rule) => this.#do(rule, () => this.#try(rule)),
      remove: (rule) => this.#remove(rule),
    };
    return html`${drawAlerts(picture)}${this.#form.draw()}`;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const [{ rules, languages }, { alerts }] = await Promise.all([
      this.#api.rules(signal),
      this.#api.alerts(signal),
    ]);
    if (signal.aborted) return;
    this.#rules = rules;
    this.#alerts = alerts;
    this.#form.languages = languages;
  }

  async #try({ id }: Rule): Promise<void> {
    this.#tried = null;
    this.#tried = { rule: id, deliveries: await this.#api.try(id) };
  }

  /** The first press asks, a second one within some seconds deletes. */
  #remove(rule: Rule): void {
    if (this.#sure === rule.id) {
      this.#sure = null;
      void this.#do(rule, () => this.#api.remove(rule.id));
      return;
    }
    this.#sure = rule.id;
    setTimeout(() => {
      if (this.#sure === rule.id) this.#sure = null;
      this.#desk.redraw();
    }, PATIENCE);
    this.#desk.redraw();
  }

  async #do({ id }: Rule, deed: () => Promise<unknown>): Promise<void> {
    this.#busy = id;
    this.#desk.redraw();
    try {
      await deed();
    } catch (problem) {
      this.#desk.say(reasonOf(problem));
    }
    this.#busy = null;
    await this.#refresh.now();
  }
}

function reasonOf(problem: unknown): string {
  return problem instanceof TypeError ? tell("alertNoAnswer") : (problem as Error).message;
}
