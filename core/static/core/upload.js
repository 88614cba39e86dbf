/**
 * Makes a form with a file input livelier: files can be dropped on it, it shows what was chosen and
 * how far the upload is, and says before sending when it is too much. Without this file the form
 * works as browsers do it.
 */

const NAMES_SHOWN = 8;
const UNITS = ["kB", "MB", "GB"];

const form = document.querySelector("form[data-upload]");
const drop = form.querySelector(".drop");
const input = drop.querySelector("input[type=file]");
const chosen = form.querySelector("[data-chosen]");
const wrong = form.querySelector("[data-wrong]");
const sending = form.querySelector("[data-sending]");
const button = form.querySelector("button");
const limit = Number(form.dataset.upload);

drop.classList.add("lively");
for (const hint of form.querySelectorAll("[data-lively]")) hint.hidden = false;
for (const type of ["dragenter", "dragover"]) drop.addEventListener(type, hover);
for (const type of ["dragleave", "drop"]) drop.addEventListener(type, leave);
drop.addEventListener("drop", take);
input.addEventListener("change", show);
form.addEventListener("submit", send);
window.addEventListener("pageshow", show);

function hover(event) {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  drop.classList.add("over");
}

function leave() {
  drop.classList.remove("over");
}

function take(event) {
  if (event.dataTransfer.files.length === 0) return;
  event.preventDefault();
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function show() {
  const files = [...input.files];
  const rows = files.slice(0, NAMES_SHOWN).map(({ name, size }) => row(name, bytes(size)));
  if (files.length > NAMES_SHOWN) rows.push(row(chosen.dataset.more.replace("{n}", files.length - NAMES_SHOWN), ""));
  if (files.length > 1) rows.push(row(chosen.dataset.together, bytes(total())));
  chosen.replaceChildren(...rows);
  chosen.hidden = files.length === 0;
  say(total() > limit ? [form.dataset.tooLarge] : []);
}

function total() {
  return [...input.files].reduce((sum, { size }) => sum + size, 0);
}

function row(name, size) {
  const made = document.createElement("li");
  made.append(span(name), span(size));
  return made;
}

function span(text) {
  const made = document.createElement("span");
  made.textContent = text;
  return made;
}

function say(sentences) {
  wrong.textContent = sentences.join(" ");
  wrong.hidden = sentences.length === 0;
}

function send(event) {
  if (input.files.length === 0) return; // The browser and the server have words for that.
  event.preventDefault();
  if (total() > limit) return;
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", ({ loaded, total: all }) => paint(loaded / all));
  request.addEventListener("load", () => finish(request));
  request.addEventListener("error", () => fail([sending.dataset.broken]));
  wait(true);
  request.send(new FormData(form));
}

function paint(fraction) {
  sending.querySelector("progress").value = fraction;
  sending.querySelector("span").textContent = `${Math.floor(fraction * 100)} %`;
}

function finish({ response }) {
  if (response?.next) location.assign(response.next);
  else fail(response?.errors ?? [sending.dataset.strange]);
}

function fail(sentences) {
  wait(false);
  say(sentences);
  wrong.focus();
}

function wait(isSending) {
  button.disabled = isSending;
  sending.hidden = !isSending;
  paint(0);
}

function bytes(size) {
  let [value, unit] = [size / 1000, 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value.toLocaleString(document.documentElement.lang, { maximumSignificantDigits: 3 })} ${UNITS[unit]}`;
}
