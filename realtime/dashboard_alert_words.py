"""The words of the dashboard's page of alerts: the twin of `dashboard/alert-words.ts`."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from realtime.plurals import Plural, ngettext_noop

ALERTS: Mapping[str, Promise | Plural] = {
    "alertRules": pgettext_lazy("alerts", "Rules"),
    "alertNew": pgettext_lazy("alerts", "New rule"),
    "alertNoRules": pgettext_lazy(
        "alerts",
        "No rules yet. A rule tells you when a task fails often, jobs wait too long, a worker is "
        "gone or a job has stalled.",
    ),
    "alertFired": pgettext_lazy("alerts", "What has fired"),
    "alertNone": pgettext_lazy("alerts", "Nothing has fired yet."),
    "alertTry": pgettext_lazy("alerts", "Try"),
    "alertChange": pgettext_lazy("alerts", "Change"),
    "alertTurnOff": pgettext_lazy("alerts", "Turn off"),
    "alertTurnOn": pgettext_lazy("alerts", "Turn on"),
    "alertDelete": pgettext_lazy("alerts", "Delete"),
    "alertSure": pgettext_lazy("alerts", "Really delete"),
    "alertTrying": pgettext_lazy("alerts", "Working on it…"),
    "alertKept": pgettext_lazy("alerts", "The rule is kept."),
    "alertFiring": pgettext_lazy("alerts", "Firing, began {time}"),
    "alertOff": pgettext_lazy("alerts", "Off"),
    "alertCalm": pgettext_lazy("alerts", "Quiet"),
    "alertFires": pgettext_lazy("alerts", "Firing"),
    "alertTest": pgettext_lazy("alerts", "Test"),
    "alertOver": pgettext_lazy("alerts", "over {time}"),
    "alertSays_task_failed": Plural(
        ngettext_noop(
            "When {n} job of {pattern} has failed within {minutes} min",
            "When {n} jobs of {pattern} have failed within {minutes} min",
        )
    ),
    "alertSays_queue_old": pgettext_lazy(
        "alerts", "When jobs wait in {pattern} for longer than {minutes} min"
    ),
    "alertSays_worker_gone": pgettext_lazy(
        "alerts", "When a worker {pattern} has been gone for {minutes} min"
    ),
    "alertSays_job_stalled": pgettext_lazy(
        "alerts", "When a job of {pattern} has stalled for {minutes} min"
    ),
    "alertAnyTask": pgettext_lazy("alerts", "any task"),
    "alertAnyQueue": pgettext_lazy("alerts", "any queue"),
    "alertAnyWorker": pgettext_lazy("alerts", "When any worker has been gone for {minutes} min"),
    "alertHook": pgettext_lazy("alerts", "webhook at {host}"),
    "alertAgain": pgettext_lazy("alerts", "again after {minutes} min"),
    "alertTold": Plural(ngettext_noop("{n} message", "{n} messages")),
    "alertFailed": Plural(ngettext_noop("{n} not delivered", "{n} not delivered")),
    "alertQuietNow": pgettext_lazy("alerts", "Not told: the rule was quiet."),
    "alertNext": pgettext_lazy("alerts", "next try {time}"),
    "alert_sent": pgettext_lazy("alerts", "Sent"),
    "alert_failed": pgettext_lazy("alerts", "Failed"),
    "alert_waiting": pgettext_lazy("alerts", "Waiting"),
    "alert_mail": pgettext_lazy("alerts", "Mail"),
    "alert_webhook": pgettext_lazy("alerts", "Webhook"),
    "alert_inbox": pgettext_lazy("alerts", "Inbox"),
    "alert_nobody": pgettext_lazy("alerts", "Nobody"),
    "alert_operators": pgettext_lazy("alerts", "All operators"),
    "alert_chosen": pgettext_lazy("alerts", "These people"),
    "alert_task_failed": pgettext_lazy("alerts", "A task fails often"),
    "alert_queue_old": pgettext_lazy("alerts", "Jobs wait too long in a queue"),
    "alert_worker_gone": pgettext_lazy("alerts", "A worker is gone"),
    "alert_job_stalled": pgettext_lazy("alerts", "A job has stalled"),
    "alertChangeIt": pgettext_lazy("alerts", "Change “{name}”"),
    "alertName": pgettext_lazy("alerts", "Name"),
    "alertKind": pgettext_lazy("alerts", "When"),
    "alertTask": pgettext_lazy("alerts", "Task"),
    "alertQueue": pgettext_lazy("alerts", "Queue"),
    "alertWorker": pgettext_lazy("alerts", "Worker"),
    "alertPatternWhy": pgettext_lazy("alerts", "A name, or a pattern such as shop.* or *"),
    "alertCount": pgettext_lazy("alerts", "Failures"),
    "alertWithin": pgettext_lazy("alerts", "Within minutes"),
    "alertFor": pgettext_lazy("alerts", "For minutes"),
    "alertQuiet": pgettext_lazy("alerts", "Tell again after minutes"),
    "alertWays": pgettext_lazy("alerts", "Who is told"),
    "alertInbox": pgettext_lazy("alerts", "In the inbox of"),
    "alertPeople": pgettext_lazy("alerts", "People"),
    "alertMails": pgettext_lazy("alerts", "Mail addresses"),
    "alertCommas": pgettext_lazy("alerts", "Separated by commas"),
    "alertUrl": pgettext_lazy("alerts", "Webhook"),
    "alertSecret": pgettext_lazy("alerts", "Secret"),
    "alertMake": pgettext_lazy("alerts", "Make one"),
    "alertSecretWhy": pgettext_lazy(
        "alerts", "Signs what the webhook is sent: copy it there, it is not shown again."
    ),
    "alertSecretKept": pgettext_lazy(
        "alerts", "There is one. Leave this empty to keep it, unless the webhook changes."
    ),
    "alertLanguage": pgettext_lazy("alerts", "Language"),
    "alertOwnLanguage": pgettext_lazy("alerts", "The service's own"),
    "alertCancel": pgettext_lazy("alerts", "Cancel"),
    "alertKeep": pgettext_lazy("alerts", "Keep the rule"),
    "alertMore": pgettext_lazy("alerts", "and {n} more"),
    "alertNoAnswer": pgettext_lazy("alerts", "The server did not answer."),
    "alertEvent_firing": pgettext_lazy("alerts", "It began"),
    "alertEvent_still": pgettext_lazy("alerts", "It goes on"),
    "alertEvent_over": pgettext_lazy("alerts", "It is over"),
    "alertEvent_test": pgettext_lazy("alerts", "A test"),
}
