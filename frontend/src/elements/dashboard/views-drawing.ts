/** The views as templates: in the navigation, on a phone above the list, and the form that saves one. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { OwnView, OwnViews } from "./own-views";
import { VIEWS } from "./views";
import { tell } from "./words";

const NAME = 60; // characters, as the service has it
const CROSS = "M4.5 4.5l7 7M11.5 4.5l-7 7";

export interface ViewsPicture {
  readonly views: OwnViews;
  /** The search that is shown; null where no list is. */
  readonly q: string | null;
  readonly hrefOf: (q: string) => string;
  readonly say: (text: string) => void;
}

export function drawViews(picture: ViewsPicture): TemplateResult {
  const { views } = picture;
  return html`<div class="views">
    <h2 id="views">${tell("views")}</h2>
    <ul role="list" aria-labelledby="views">
      ${VIEWS.map(({ name, q }) => html`<li>${drawLink(picture, tell(name), q)}</li>`)}
      ${views.own.map((view) => drawOwn(picture, view))}
    </ul>
    ${views.gone ? drawGone(picture, views.gone) : nothing}
  </div>`;
}

function drawLink({ views, q: shown, hrefOf }: ViewsPicture, name: string, q: string) {
  const count = views.countOf(q);
  return html`<a href=${hrefOf(q)} aria-current=${shown === q ? "true" : nothing}>
    <bdi class="name" title=${name}>${name}</bdi>${count ? html`<span class="count">${count}</span>` : nothing}</a>`;
}

function drawOwn(picture: ViewsPicture, view: OwnView): TemplateResult {
  const { views, say } = picture;
  const label = tell("deleteView", { name: view.name });
  const remove = async (event: Event) => {
    // The button goes with its view: the next one is not meant by who presses Enter again.
    const list = (event.currentTarget as Element).closest("ul");
    await views.delete(view).catch((problem: Error) => say(problem.message));
    await drawn();
    (list?.parentElement?.querySelector<HTMLElement>(".undo") ?? list)?.focus();
  };
  return html`<li class="own">${drawLink(picture, view.name, view.q)}<button type="button"
    class="remove" aria-label=${label} title=${label} @click=${remove}><svg viewBox="0 0 16 16"
    aria-hidden="true"><path d=${CROSS} /></svg></button></li>`;
}

/** What was asked to be drawn is, after the next frame. */
async function drawn(): Promise<void> {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
}

function drawGone({ views, say }: ViewsPicture, { name }: OwnView): TemplateResult {
  const undo = () => void views.restore().catch((problem: Error) => say(problem.message));
  return html`<p class="gone" role="status"><span>${tell("viewDeleted", { name })}</span>
    <button type="button" class="button plain undo" @click=${undo}>${tell("undo")}</button></p>`;
}

/** For a phone, where the navigation has no room for them. */
export function drawChoice(
  views: OwnViews,
  shown: string,
  go: (q: string) => void,
): TemplateResult {
  const all = [...VIEWS.map(({ name, q }) => ({ name: tell(name), q })), ...views.own];
  const changed = (event: Event) => go((event.target as HTMLSelectElement).value);
  const other = all.some(({ q }) => q === shown) ? [] : [{ name: tell("thisFilter"), q: shown }];
  return html`<select class="view" aria-label=${tell("views")} @change=${changed}>
    ${[...other, ...all].map(({ name, q }) => {
      const count = views.countOf(q);
      return html`<option value=${q} .selected=${q === shown}>${count ? `${name} (${count})` : name}</option>`;
    })}</select>`;
}

export interface SavingPicture {
  readonly q: string;
  readonly problem: string;
  readonly submit: (name: string) => void;
  readonly close: () => void;
  readonly closed: () => void;
}

export function drawSaving({ q, problem, submit, close, closed }: SavingPicture): TemplateResult {
  const submitted = (event: Event) => {
    event.preventDefault();
    submit(String(new FormData(event.target as HTMLFormElement).get("name") ?? ""));
  };
  return html`<dialog id="save" aria-labelledby="save-title" @close=${closed}>
    <form method="dialog" @submit=${submitted}>
      <h2 id="save-title">${tell("saveView")}</h2>
      <p><code dir="auto">${q}</code></p>
      <label class="field"><span>${tell("viewName")}</span>
        <input name="name" required maxlength=${NAME} autocomplete="off" dir="auto" /></label>
      ${problem ? html`<p class="wrong" role="alert">${problem}</p>` : nothing}
      <div class="buttons">
        <button class="button main">${tell("save")}</button>
        <button type="button" class="button" @click=${close}>${tell("close")}</button>
      </div>
    </form>
  </dialog>`;
}
