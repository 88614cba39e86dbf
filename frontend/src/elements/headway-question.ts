import type { Question } from "../protocol";
import { button, Controls } from "./controls";
import type { Steering } from "./steering";
import { moment, words } from "./steering-words";

const BUTTONS = 5; // more choices, or long ones, are a list
const SHORT = 30;
const LONGEST_ANSWER = 2000;

let made = 0;

/** What a job asks, with its choices or a field. */
export class HeadwayQuestion extends Controls {
  #asked = "";
  readonly #label = `question-${made++}`; // one shadow root may hold several

  protected draw(steering: Steering): void {
    const { question, actions } = steering.state;
    const asked = question && actions.includes("answer") ? question : null;
    if (asked && asked.id === this.#asked) this.#wait(steering.pending === "answer");
    else if (asked) this.#show(asked);
    else this.replaceChildren();
    this.#asked = asked?.id ?? "";
  }

  #show(question: Question): void {
    const form = document.createElement("form");
    const text = document.createElement("p");
    text.id = this.#label;
    text.dir = "auto";
    text.textContent = question.text;
    form.append(text, this.#row(question));
    if (question.expires_at) {
      const until = document.createElement("p");
      until.className = "until";
      until.textContent = words("until", { time: moment(question.expires_at) });
      form.append(until);
    }
    this.replaceChildren(form);
  }

  #row({ choices }: Question): HTMLElement {
    const row = document.createElement("div");
    row.role = "group";
    row.setAttribute("aria-labelledby", this.#label);
    const few = choices && choices.length <= BUTTONS && choices.every((c) => c.length <= SHORT);
    if (few) row.append(...choices.map((choice) => this.#choice(choice)));
    else row.append(...this.#field(choices));
    return row;
  }

  #choice(choice: string): HTMLButtonElement {
    const made = button(choice, () => this.#send(choice));
    made.dir = "auto";
    return made;
  }

  #field(choices: readonly string[] | null): HTMLElement[] {
    const field = document.createElement(choices ? "select" : "input");
    field.setAttribute("aria-labelledby", this.#label);
    field.required = true;
    field.dir = "auto";
    if (field instanceof HTMLInputElement) {
      field.maxLength = LONGEST_ANSWER;
      field.autocomplete = "off";
    } else field.append(...(choices ?? []).map((choice) => new Option(choice)));
    const send = () => field.value.trim() && this.#send(field.value);
    field.addEventListener("keydown", (event) => {
      // Not by the form: a page's policy may forbid all forms.
      if ((event as KeyboardEvent).key !== "Enter" || (event as KeyboardEvent).isComposing) return;
      event.preventDefault();
      send();
    });
    return [field, button(words("answer"), send)];
  }

  #send(answer: string): void {
    this.ask("answer", { answer, question: this.#asked });
  }

  #wait(waits: boolean): void {
    for (const one of this.querySelectorAll("button")) one.ariaDisabled = waits ? "true" : null;
  }
}
