/** What the page of alerts asks the service for. */

import { request } from "../asking";

export type Kind = "task_failed" | "queue_old" | "worker_gone" | "job_stalled";

export interface Delivery {
  readonly way: "mail" | "webhook" | "inbox";
  readonly to: string;
  readonly event: "firing" | "still" | "over" | "test";
  readonly outcome: "waiting" | "sent" | "failed";
  readonly tries: number;
  readonly reason: string | null;
  readonly at: string;
}

export interface Rule {
  readonly id: number;
  readonly name: string;
  readonly kind: Kind;
  readonly pattern: string;
  readonly count: number;
  readonly minutes: number;
  readonly mails: readonly string[];
  readonly url: string;
  readonly has_secret: boolean;
  readonly inbox: "nobody" | "operators" | "chosen";
  readonly people: readonly string[];
  readonly quiet: number;
  readonly enabled: boolean;
  readonly language: string;
  readonly state: "off" | "quiet" | "firing";
  readonly since: string | null;
}

export interface Subject {
  readonly name: string;
  readonly n: number | null;
  readonly since: string | null;
  readonly job: string | null;
}

export interface Alert {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  readonly since: string;
  readonly over_at: string | null;
  readonly told_at: string | null;
  readonly count: number;
  readonly subjects: readonly Subject[];
  readonly test: boolean;
  readonly deliveries: readonly Delivery[];
}

export interface Language {
  readonly code: string;
  readonly name: string;
}

export class AlertsApi {
  readonly #include: string;

  constructor(include: string) {
    this.#include = include;
  }

  rules(signal: AbortSignal): Promise<{ rules: readonly Rule[]; languages: readonly Language[] }> {
    return this.#ask("GET", "/rules", undefined, { signal });
  }

  alerts(signal: AbortSignal): Promise<{ alerts: readonly Alert[] }> {
    return this.#ask("GET", "", undefined, { signal });
  }

  keep(id: number | null, said: object): Promise<Rule> {
    return id === null
      ? this.#ask("POST", "/rules", said)
      : this.#ask("PATCH", `/rules/${id}`, said);
  }

  remove(id: number): Promise<Rule> {
    return this.#ask("DELETE", `/rules/${id}`);
  }

  async try(id: number): Promise<readonly Delivery[]> {
    const tried = await this.#ask<{ deliveries: Delivery[] }>("POST", `/rules/${id}/try`);
    return tried.deliveries;
  }

  #ask<Answer>(
    method: string,
    path: string,
    said?: object,
    more: RequestInit = {},
  ): Promise<Answer> {
    return request(this.#include, `alerts${path}`, said, { method, ...more }) as Promise<Answer>;
  }
}
