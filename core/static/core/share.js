/** Copies what a field holds. */

for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    if (!(await copied(field))) return; // it is selected, for the keyboard to copy
    button.textContent = button.dataset.done;
  });
}

async function copied(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand("copy"); // as on plain http, where there is no clipboard
  }
}
