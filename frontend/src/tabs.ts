/**
 * Comes before the elements, and changes how their page opens sockets: one for all tabs, and
 * another way where none gets through. Its tag tells:
 *   data-headway-scope      whose tabs may share: another person, or session, is another one
 *   data-headway-fallback   the address of the other ways, which are loaded when they are needed
 */

import type { Environment, SocketEvents } from "./connection";
import { Later } from "./later";
import { type Air, type Said, TabSocket } from "./tab-socket";

const tag = document.querySelector<HTMLScriptElement>("script[data-headway-scope]");

const air: Air = {
  hold: (name, signal, held) => {
    navigator.locks.request(name, { signal }, held).catch(() => {}); // no longer wanted
  },
  channel: (name, heard) => {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }: MessageEvent<Said>) => heard(data);
    return { post: (said) => channel.postMessage(said), close: () => channel.close() };
  },
};

/** Changes what a page's connections take from it. */
export function install(environment: Environment): void {
  const direct = { ...environment };
  const mayShare = "locks" in navigator && "BroadcastChannel" in globalThis;
  let last: TabSocket | undefined;
  let loading: Promise<void> | undefined;

  const load = async () => {
    const address = tag?.dataset["headwayFallback"];
    if (!address) return;
    try {
      const { fallBack } = await import(/* @vite-ignore */ address);
      fallBack(direct);
    } catch (problem) {
      environment.report(problem);
    }
  };

  environment.socket = (address, subprotocol, events) => {
    const open = (to: SocketEvents) => direct.socket(address, subprotocol, to);
    const now = (to: SocketEvents) => (loading ? new Later(loading, open, to) : open(to));
    if (!mayShare) return now(events);
    last = new TabSocket(
      `headway ${address} ${tag?.dataset["headwayScope"] ?? ""}`,
      air,
      environment,
      now,
      events,
    );
    return last;
  };
  environment.unheard = (connection) => {
    if (loading || (mayShare && !last?.leads)) return; // the tab that has the socket sees to it
    loading = load();
    void loading.then(() => connection.online());
  };
  if (remembers()) loading = load();
}

/** Whether the last page of this tab has found out that no socket gets through. */
function remembers(): boolean {
  try {
    return "headway-way" in sessionStorage;
  } catch {
    return false; // storage may be forbidden
  }
}

Object.assign(globalThis, { headwayTabs: install });
