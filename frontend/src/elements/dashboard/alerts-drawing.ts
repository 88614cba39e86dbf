/** The rules of alerts, and what has fired, as templates. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { tell, type Word } from "./alert-words";
import type { Alert, Delivery, Rule, Subject } from "./alerts-api";
import { ago, moment } from "./times";

const NAMED = 3; // subjects of an alert that are named

export interface Picture {
  /** Null until there is an answer. */
  readonly rules: readonly Rule[] | null;
  readonly alerts: readonly Alert[];
  readonly problem: string;
  readonly now: number;
  /** The rule that is being tried, or changed. */
  readonly busy: number | null;
  readonly tried: { readonly rule: number; readonly deliveries: readonly Delivery[] } | null;
  /** The rule whose deletion is to be pressed again. */
  readonly sure: number | null;
  readonly hrefOf: (job: string) => string;
  readonly make: () => void;
  readonly change: (rule: Rule) => void;
  readonly turn: (rule: Rule) => void;
  readonly try: (rule: Rule) => void;
  readonly remove: (rule: Rule) => void;
}

export function drawAlerts(picture: Picture): TemplateResult {
  const { rules, problem, make } = picture;
  return html`<article class="one alerts" id="scroller" tabindex="-1">
    ${problem ? html`<p class="wrong" role="alert">${problem}</p>` : nothing}
    <section aria-labelledby="rules">
      <div class="head"><h2 id="rules">${tell("alertRules")}</h2>
        <button type="button" class="button main" @click=${make}>${tell("alertNew")}</button></div>
      ${
        rules?.length === 0
          ? html`<p class="empty quiet">${tell("alertNoRules")}</p>`
          : html`<ul role="list" class="rules">${rules?.map((rule) => drawRule(rule, picture))}</ul>`
      }
    </section>
    <section aria-labelledby="fired">
      <h2 id="fired">${tell("alertFired")}</h2>
      ${
        picture.alerts.length === 0
          ? html`<p class="empty quiet">${rules ? tell("alertNone") : ""}</p>`
          : html`<ul role="list" class="items fired">${picture.alerts.map((one) => drawAlert(one, picture))}</ul>`
      }
    </section>
  </article>`;
}

function drawRule(rule: Rule, picture: Picture): TemplateResult {
  const { busy, sure, tried } = picture;
  const { id, name, enabled } = rule;
  const button = (word: Word, press: (rule: Rule) => void, kind = "") =>
    html`<button type="button" class="button small ${kind}" ?disabled=${busy === id}
      aria-label=${`${tell(word)}: ${name}`} @click=${() => press(rule)}>${tell(word)}</button>`;
  return html`<li class="card">
    <div class="head"><h3 dir="auto">${name}</h3>${drawState(rule, picture.now)}</div>
    <p>${sentence(rule)}</p>
    <p class="quiet">${waysOf(rule)}</p>
    <div class="row">
      ${button("alertTry", picture.try)}${button("alertChange", picture.change)}
      ${button(enabled ? "alertTurnOff" : "alertTurnOn", picture.turn)}
      ${sure === id ? button("alertSure", picture.remove, "danger") : button("alertDelete", picture.remove)}
    </div>
    <div role="status">${busy === id ? html`<p class="quiet">${tell("alertTrying")}</p>` : nothing}
      ${
        tried?.rule === id
          ? html`<ul role="list" class="told">${tried.deliveries.map((one) => drawDelivery(one, picture.now))}</ul>`
          : nothing
      }</div>
  </li>`;
}

function drawState({ state, since }: Rule, now: number): TemplateResult {
  if (state === "firing" && since) {
    return html`<span class="tag failed" title=${moment(since)}><i aria-hidden="true"></i>${tell("alertFiring", { time: ago(since, now) })}</span>`;
  }
  return state === "off"
    ? html`<span class="tag">${tell("alertOff")}</span>`
    : html`<span class="tag on"><i aria-hidden="true"></i>${tell("alertCalm")}</span>`;
}

function sentence({ kind, pattern, count, minutes }: Rule): string {
  const any = pattern === "*";
  if (any && kind === "worker_gone") return tell("alertAnyWorker", { minutes });
  const all = tell(kind === "queue_old" ? "alertAnyQueue" : "alertAnyTask");
  return tell(`alertSays_${kind}`, { pattern: any ? all : pattern, n: count, minutes });
}

function waysOf({ inbox, people, mails, url, quiet }: Rule): string {
  const host = url && URL.canParse(url) ? new URL(url).host : url;
  const ways = [
    inbox === "operators" ? tell("alert_operators") : people.join(", "),
    mails.join(", "),
    host && tell("alertHook", { host }),
  ];
  return [...ways.filter(Boolean), tell("alertAgain", { minutes: quiet })].join(" · ");
}

function drawAlert(alert: Alert, { now, hrefOf }: Picture): TemplateResult {
  const { name, since, over_at, test, count, subjects, deliveries } = alert;
  const tag = over_at ? nothing : html`<span class="tag failed">${tell("alertFires")}</span>`;
  const failed = deliveries.filter(({ outcome }) => outcome === "failed").length;
  const more = count - subjects.slice(0, NAMED).reduce((sum, { n }) => sum + (n ?? 1), 0);
  return html`<li>
    <div class="head"><b dir="auto">${name}</b>${test ? html`<span class="tag">${tell("alertTest")}</span>` : tag}</div>
    <p class="quiet"><time datetime=${since} title=${moment(since)}>${ago(since, now)}</time>
      ${over_at && !test ? html` · ${tell("alertOver", { time: ago(over_at, now) })}` : nothing}</p>
    ${
      subjects.length > 0
        ? html`<p>${subjects.slice(0, NAMED).map((one) => drawSubject(one, now, hrefOf))}
            ${more > 0 ? tell("alertMore", { n: more }) : nothing}</p>`
        : nothing
    }
    <details><summary>${deliveries.length > 0 ? tell("alertTold", { n: deliveries.length }) : tell("alertQuietNow")}
      ${failed > 0 ? html`<span class="wrong">${tell("alertFailed", { n: failed })}</span>` : nothing}</summary>
      <ul role="list" class="told">${deliveries.map((one) => drawDelivery(one, now))}</ul></details>
  </li>`;
}

function drawSubject(
  { name, n, since, job }: Subject,
  now: number,
  hrefOf: Picture["hrefOf"],
): TemplateResult {
  const said = n === null ? (since ? ago(since, now) : "") : `${n}`;
  const shown = job
    ? html`<a href=${hrefOf(job)} dir="auto">${name}</a>`
    : html`<span dir="auto">${name}</span>`;
  return html`<span class="subject">${shown} <span class="quiet">${said}</span></span>`;
}

function drawDelivery(
  { way, to, event, outcome, reason, at, tries }: Delivery,
  now: number,
): TemplateResult {
  const whom = way === "inbox" ? tell(`alert_${to}` as Word) : to;
  const more =
    outcome === "waiting" && tries > 0 ? tell("alertNext", { time: moment(at) }) : ago(at, now);
  return html`<li class=${outcome}><b class="outcome">${tell(`alert_${outcome}`)}</b>
    <span>${tell(`alertEvent_${event}`)}</span>
    <span>${tell(`alert_${way}`)}: <span dir="auto">${whom}</span></span>
    ${reason ? html`<span class="quiet">${reason}</span>` : nothing}
    <span class="quiet">${more}</span></li>`;
}
