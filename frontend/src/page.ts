/** The one place where connection and client meet the browser they run in. */

import type { Connection, Environment } from "./connection";

export const environment: Environment = {
  socket: (address, subprotocol, events) => {
    const socket = new WebSocket(address, subprotocol);
    socket.onmessage = ({ data }) => events.message(data);
    socket.onclose = ({ code, reason }) => events.close(code, reason);
    return socket;
  },
  now: () => Date.now(),
  later: (milliseconds, task) => {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  unheard: () => {},
  // biome-ignore lint/suspicious/noConsole: the developer's only sign of a broken frame
  report: (problem) => console.warn("headway:", problem),
};

// `tabs.js`, where it has come before.
(globalThis as { headwayTabs?: (page: Environment) => void }).headwayTabs?.(environment);

/** The WebSocket's address for the address of the include; a share token in the query stays. */
export function socketAddress(include: string, page: string = document.baseURI): string {
  const address = new URL(include, page);
  address.protocol = address.protocol.replace("http", "ws");
  address.pathname = address.pathname.replace(/\/?$/, "/ws");
  address.hash = "";
  return address.href;
}

/** Lets the connection follow what happens to the page. */
export function follow(connection: Connection): void {
  const wake = () => connection.wake();
  addEventListener("online", () => connection.online());
  addEventListener("offline", () => connection.offline());
  addEventListener("pagehide", () => connection.leave());
  addEventListener("pageshow", wake);
  // Chrome 149 and newer do not always tell `visibilitychange` after a freeze, but `resume`.
  document.addEventListener("resume", wake);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake();
  });
}
