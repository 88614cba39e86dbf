"""The words of the browser's elements, and of what stands in their place until their script runs.

They are the twins of `strings.ts` and of each `…-words.ts` beside it, which have them in English:
a page in another language brings its own, which are here for gettext to know them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from realtime.dashboard_alert_words import ALERTS
from realtime.dashboard_words import DASHBOARD
from realtime.plurals import Plural, ngettext_noop
from realtime.workshop_words import WORKSHOP

BAR: Mapping[str, Promise | Plural] = {
    "queued": pgettext_lazy("status of a job", "Queued"),
    "running": pgettext_lazy("status of a job", "Running"),
    "paused": pgettext_lazy("status of a job", "Paused"),
    "waiting": pgettext_lazy("status of a job", "Needs an answer"),
    "retrying": pgettext_lazy("status of a job", "Retrying"),
    "cancelling": pgettext_lazy("status of a job", "Cancelling…"),
    "succeeded": pgettext_lazy("status of a job", "Succeeded"),
    "failed": pgettext_lazy("status of a job", "Failed"),
    "cancelled": pgettext_lazy("status of a job", "Cancelled"),
    "lost": pgettext_lazy("status of a job", "Lost"),
    "warnings": pgettext_lazy("status of a job", "Succeeded with warnings"),
    "stalled": pgettext_lazy("status of a job", "Stalled"),
    "job": _("Job"),
    "loading": _("Loading…"),
    "reconnecting": _("Reconnecting…"),
    "offline": _("Offline"),
    "signedOut": _("Signed out. Reload the page to go on."),
    "stopped": _("Live updates have stopped. Reload the page to go on."),
    "notAvailable": _("This job is not available."),
    "files": _("Files"),
    "stages": _("Stages"),
    "failedItems": _("{n} failed"),
    "skippedItems": _("{n} skipped"),
    "attempt": _("attempt {n}"),
    "againOf": _("runs {id} again"),
    "position": _("{n} in the queue"),
    "retryIn": _("next attempt in {time}"),
    "noUpdate": _("no update for {time}"),
    "perSecond": _("{n}/s"),
    "perMinute": _("{n}/min"),
    "left": _("about {time} left"),
    "leftBetween": _("{least} to {most} left"),
    "took": _("took {time}"),
    "news": _("{title}: {what}"),
    "manyEnded": Plural(ngettext_noop("{n} job finished", "{n} jobs finished")),
    # Other languages have one text for it, whatever the number.
    "nth": pgettext_lazy("a place in the queue", "{n}th"),
}
STEERING: Mapping[str, Promise] = {
    "cancel": pgettext_lazy("a button", "Cancel"),
    "pause": pgettext_lazy("a button", "Pause"),
    "resume": pgettext_lazy("a button", "Resume"),
    "again": pgettext_lazy("a button", "Run again"),
    "again_failed": _("Run {n} failed again"),
    "cancelJob": _("Cancel {title}"),
    "pauseJob": _("Pause {title}"),
    "resumeJob": _("Resume {title}"),
    "againJob": _("Run again: {title}"),
    "again_failedJob": _("Run {n} failed again: {title}"),
    "pausing": _("Pausing…"),
    "resuming": _("Resuming…"),
    "starting": _("Starting…"),
    "answer": pgettext_lazy("a button", "Answer"),
    "sending": _("Sending…"),
    "until": _("Until {time}"),
    "failed": _("Could not {what}: {reason}"),
    "cancelIt": pgettext_lazy("what could not be done", "cancel"),
    "pauseIt": pgettext_lazy("what could not be done", "pause"),
    "resumeIt": pgettext_lazy("what could not be done", "resume"),
    "againIt": pgettext_lazy("what could not be done", "run it again"),
    "again_failedIt": pgettext_lazy("what could not be done", "run the failed items again"),
    "answerIt": pgettext_lazy("what could not be done", "answer"),
    "noAnswer": _("the server did not answer."),
}
INBOX: Mapping[str, Promise] = {
    "notices": _("Notices"),
    "unread": _("Notices, {n} unread"),
    "isUnread": _("Unread: {title}"),
    "markRead": _("Mark as read: {title}"),
    "markUnread": _("Mark as unread: {title}"),
    "dismissed": _("Marked as read."),
    "allRead": _("Mark all as read"),
    "marked": _("All are marked as read."),
    "undo": _("Undo"),
    "older": _("Show older notices"),
    "settings": _("How you are told"),
    "none": _(
        "No notices yet. You will be told here when a job of yours has finished, has failed, or "
        "asks you something."
    ),
    "news": _("{title}: {text}"),
    "toasts": _("Notifications (Alt+T)"),
    "close": _("Close: {title}"),
    "wrong": _("That did not work: {reason}"),
    "finished": pgettext_lazy("kind of notice", "Finished"),
    "failed": pgettext_lazy("kind of notice", "Failed"),
    "asks": pgettext_lazy("kind of notice", "Needs an answer"),
    "alert": pgettext_lazy("kind of notice", "Alert"),
}
TREE: Mapping[str, Promise] = {
    "tree": _("Jobs it has started"),
    "none": _("This job has started no others."),
    "succeeded": pgettext_lazy("a number of jobs", "{n} succeeded"),
    "failed": pgettext_lazy("a number of jobs", "{n} failed"),
    "lost": pgettext_lazy("a number of jobs", "{n} lost"),
    "running": pgettext_lazy("a number of jobs", "{n} running"),
    "retrying": pgettext_lazy("a number of jobs", "{n} retrying"),
    "queued": pgettext_lazy("a number of jobs", "{n} queued"),
    "cancelled": pgettext_lazy("a number of jobs", "{n} cancelled"),
    "more": _("and {n} more"),
    "wrong": _("That did not work: {reason}"),
}
TRAY: Mapping[str, Promise] = {
    "tray": _("Your jobs"),
    "running": pgettext_lazy("a number of jobs", "{n} running"),
    "queued": pgettext_lazy("a number of jobs", "{n} queued"),
    "finished": pgettext_lazy("a number of jobs", "{n} finished"),
    "failed": pgettext_lazy("a number of jobs", "{n} failed"),
    "overall": _("All of them together"),
    "dismiss": _("Dismiss: {title}"),
    "clear": _("Clear finished"),
    "more": _("and {n} more"),
}
LOG: Mapping[str, Promise | Plural] = {
    "log": _("Log"),
    "level": _("Level"),
    "debug": pgettext_lazy("levels of a log", "All levels"),
    "info": pgettext_lazy("levels of a log", "Info and above"),
    "warning": pgettext_lazy("levels of a log", "Warnings and above"),
    "error": pgettext_lazy("levels of a log", "Errors only"),
    "search": _("Search the log"),
    "matches": pgettext_lazy("which of those found", "{n} of {count}"),
    "noMatch": _("Not found"),
    "next": _("Next match"),
    "previous": _("Previous match"),
    "times": pgettext_lazy("when lines were written", "Times"),
    "wrap": _("Wrap lines"),
    "announce": _("Announce new lines"),
    "copy": pgettext_lazy("a button", "Copy"),
    "copied": _("Copied."),
    "notCopied": _("It could not be copied: select it and copy it by hand."),
    "download": pgettext_lazy("a button", "Download"),
    "latest": _("Jump to latest"),
    "new": pgettext_lazy("lines of a log", "{n} new"),
    "line": _("Line {n}"),
    "copyLink": _("Copy link"),
    "hint": _("Enter marks the first line in view, Shift with an arrow key the next one."),
    "lines": Plural(ngettext_noop("{n} line", "{n} lines")),
    "following": pgettext_lazy("what a log does", "Following"),
    "pausedAt": _("Paused at line {n}"),
    "lost": Plural(ngettext_noop("… {n} line is no longer kept", "… {n} lines are no longer kept")),
    "news": Plural(ngettext_noop("{n} new line", "{n} new lines")),
    "earlier": _("Loading earlier lines…"),
    "noEarlier": _("Earlier lines could not be loaded: scroll up to try again."),
    "loading": _("Loading…"),
    "none": _("No lines yet. They appear here while the job runs."),
    "noneAtAll": _("The job has written no lines."),
    "noneOfLevel": _("No line is as grave as that."),
    "reconnecting": _("Reconnecting…"),
    "offline": _("Offline"),
    "signedOut": _("Signed out. Reload the page to go on."),
    "stopped": _("Live updates have stopped. Reload the page to go on."),
    "notAvailable": _("This log is not available."),
}
PARTS: Mapping[str, Mapping[str, Any]] = {
    "bar": BAR,
    "steer": STEERING,
    "inbox": INBOX,
    "tree": TREE,
    "tray": TRAY,
    "log": LOG,
    "dashboard": DASHBOARD,
    "workshop": WORKSHOP,
    "alertsPage": ALERTS,
}
"""By the name under which the browser asks for them."""
DASHBOARDS = ("dashboard", "workshop")
"""Those that the dashboard's page alone brings, together."""
FETCHED = ("alertsPage",)
"""Those of pages in files of their own, which it brings each by itself."""


def brought() -> dict[str, dict[str, Any]]:
    """Return what each page brings in the language that is spoken; nothing in English."""
    everywhere = tuple(part for part in PARTS if part not in {*DASHBOARDS, *FETCHED})
    return _spoken(*everywhere)


def brought_by_dashboard() -> dict[str, Any]:
    """Return what only the dashboard's page brings besides: as much again."""
    spoken = _spoken(*DASHBOARDS, *FETCHED)
    told = {key: word for part in DASHBOARDS for key, word in spoken.get(part, {}).items()}
    return told | {part: spoken[part] for part in FETCHED if part in spoken}


def _spoken(*parts: str) -> dict[str, dict[str, Any]]:
    return json.loads(_brought(translation.get_language() or "en", parts))  # type: ignore[no-any-return]


@lru_cache(maxsize=32)
def _brought(language: str, parts: tuple[str, ...]) -> str:
    """Return it as JSON: only what is translated, for the elements know the rest."""
    with translation.override(language):
        spoken = _told(parts)
    with translation.override("en"):
        english = _told(parts)
    return json.dumps(
        {
            part: changed
            for part, words in spoken.items()
            if (changed := {key: word for key, word in words.items() if word != english[part][key]})
        }
    )


def _told(parts: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    return {part: {key: _text(word) for key, word in PARTS[part].items()} for part in parts}


def _text(word: Any) -> Any:
    return word.told() if isinstance(word, Plural) else str(word)
