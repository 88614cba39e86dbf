/** The words of the page of alerts, which come with its file. */

import { spoken } from "../spoken";

const WORDS = {
  alertRules: "Rules",
  alertNew: "New rule",
  alertNoRules:
    "No rules yet. A rule tells you when a task fails often, jobs wait too long, a worker is gone or a job has stalled.",
  alertFired: "What has fired",
  alertNone: "Nothing has fired yet.",
  alertTry: "Try",
  alertChange: "Change",
  alertTurnOff: "Turn off",
  alertTurnOn: "Turn on",
  alertDelete: "Delete",
  alertSure: "Really delete",
  alertTrying: "Working on it…",
  alertKept: "The rule is kept.",
  alertFiring: "Firing, began {time}",
  alertOff: "Off",
  alertCalm: "Quiet",
  alertFires: "Firing",
  alertTest: "Test",
  alertOver: "over {time}",
  alertSays_task_failed: {
    one: "When {n} job of {pattern} has failed within {minutes} min",
    other: "When {n} jobs of {pattern} have failed within {minutes} min",
  },
  alertSays_queue_old: "When jobs wait in {pattern} for longer than {minutes} min",
  alertSays_worker_gone: "When a worker {pattern} has been gone for {minutes} min",
  alertSays_job_stalled: "When a job of {pattern} has stalled for {minutes} min",
  alertHook: "webhook at {host}",
  alertAgain: "again after {minutes} min",
  alertTold: { one: "{n} message", other: "{n} messages" },
  alertFailed: { one: "{n} not delivered", other: "{n} not delivered" },
  alertQuietNow: "Not told: the rule was quiet.",
  alertNext: "next try {time}",
  alert_sent: "Sent",
  alert_failed: "Failed",
  alert_waiting: "Waiting",
  alert_mail: "Mail",
  alert_webhook: "Webhook",
  alert_inbox: "Inbox",
  alert_nobody: "Nobody",
  alert_operators: "All operators",
  alert_chosen: "These people",
  alert_task_failed: "A task fails often",
  alert_queue_old: "Jobs wait too long in a queue",
  alert_worker_gone: "A worker is gone",
  alert_job_stalled: "A job has stalled",
  alertChangeIt: "Change “{name}”",
  alertName: "Name",
  alertKind: "When",
  alertTask: "Task",
  alertQueue: "Queue",
  alertWorker: "Worker",
  alertPatternWhy: "A name, or a pattern such as shop.* or *",
  alertCount: "Failures",
  alertWithin: "Within minutes",
  alertFor: "For minutes",
  alertQuiet: "Tell again after minutes",
  alertWays: "Who is told",
  alertInbox: "In the inbox of",
  alertPeople: "People",
  alertMails: "Mail addresses",
  alertCommas: "Separated by commas",
  alertUrl: "Webhook",
  alertSecret: "Secret",
  alertMake: "Make one",
  alertSecretWhy: "Signs what the webhook is sent: copy it there, it is not shown again.",
  alertSecretKept: "There is one. Leave this empty to keep it, unless the webhook changes.",
  alertLanguage: "Language",
  alertOwnLanguage: "The service's own",
  alertCancel: "Cancel",
  alertKeep: "Keep the rule",
  alertMore: "and {n} more",
  alertNoAnswer: "The server did not answer.",
  alertEvent_firing: "It began",
  alertEvent_still: "It goes on",
  alertEvent_over: "It is over",
  alertEvent_test: "A test",
} as const;

export type Word = keyof typeof WORDS;

export const tell = spoken<Word>(WORDS, brought);

/** What the dashboard's page brings where it is not in English. */
function brought(): object | undefined {
  const told = document.getElementById("headway-dashboard-words")?.textContent || "{}";
  return JSON.parse(told).alertsPage;
}
