import { Client } from "./client";
import { environment, follow, socketAddress } from "./page";

export type { Client, TailOptions, WatchOptions } from "./client";
export type { ConnectionStatus, Phase } from "./connection";
export type { JobState, Log, Refused, Status, Topic } from "./protocol";

const clients = new Map<string, Client>();

/** The page's one client for the address where `realtime.urls` is included. */
export function connect(url = "/headway/"): Client {
  const address = socketAddress(url);
  const client = clients.get(address) ?? new Client(address, environment);
  if (!clients.has(address)) follow(client.connection);
  clients.set(address, client);
  return client;
}
