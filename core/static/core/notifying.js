/** Says whether the browser may show notices, and asks when somebody presses the button. */

const box = document.querySelector("[data-notifying]");

function state() {
  if (!isSecureContext) return "insecure";
  return "Notification" in globalThis ? Notification.permission : "unsupported";
}

function show() {
  const now = state();
  for (const one of box.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== now;
}

box.querySelector("button").addEventListener("click", async () => {
  await Notification.requestPermission();
  show();
});
navigator.permissions?.query({ name: "notifications" }).then((one) => {
  one.onchange = show; // in the settings of the browser, in another window
});
show();
