"""The words of queues, workers and acts: the twin of `dashboard/workshop-words.ts`."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from realtime.plurals import Plural, ngettext_noop

WORKSHOP: Mapping[str, Promise | Plural] = {
    "forbidden": _("This page is for operators"),
    "notSeen": _("It is shown to those who may see everybody's jobs."),
    "readOnlyShop": _("You may see workers and queues, but not steer them."),
    "wrongShop": _("Workers and queues could not be loaded: {reason}"),
    "oldShop": Plural(
        ngettext_noop("From {n} second ago: {reason}", "From {n} seconds ago: {reason}")
    ),
    "brokerAway": _("The broker does not answer: nobody knows how much waits."),
    "shopAway": _("The store does not answer: nobody knows which workers there are."),
    "countQueues": Plural(ngettext_noop("{n} queue", "{n} queues")),
    "countPaused": Plural(ngettext_noop("{n} paused", "{n} paused")),
    "moreQueues": Plural(ngettext_noop("{n} more is not shown", "{n} more are not shown")),
    "openQueue": pgettext_lazy("of a queue", "Open"),
    "pausedQueue": pgettext_lazy("of a queue", "Paused"),
    "leftQueue": pgettext_lazy("of a queue", "No worker"),
    "leftWhy": _("Jobs wait, and no worker takes them"),
    "depth": pgettext_lazy("heading of a column", "Waiting"),
    "oldest": pgettext_lazy("heading of a column", "Oldest"),
    "pausedBy": _("Paused by {name} {time}"),
    "pausedSince": _("Paused {time}"),
    "noQueues": _("No queue is known"),
    "noQueueWhy": _("A queue appears here when a worker takes from it, or a job waits in it."),
    "pauseQueue": pgettext_lazy("a button", "Pause"),
    "resumeQueue": pgettext_lazy("a button", "Resume"),
    "pauseNamed": _("Pause {name}"),
    "resumeNamed": _("Resume {name}"),
    "surePauseQueue": _("Pause {name}?"),
    "sureResumeQueue": _("Resume {name}?"),
    "pauseMeans": _(
        "Workers take nothing from it any more until it is resumed, also those that start later. "
        "What they have taken is finished."
    ),
    "pauseQueues": _("Jobs can still be queued: they wait there."),
    "resumeMeans": _("The workers that are set up for it take from it again."),
    "waitNow": Plural(ngettext_noop("{n} job waits there now.", "{n} jobs wait there now.")),
    "countWorkers": Plural(ngettext_noop("{n} worker", "{n} workers")),
    "here": pgettext_lazy("of a worker", "Here"),
    "stopping": pgettext_lazy("of a worker", "Stopping"),
    "stopped": pgettext_lazy("of a worker", "Stopped"),
    "goneWorker": pgettext_lazy("of a worker", "Gone"),
    "process": _("{host} · process {pid}"),
    "startedAgo": _("started {time}"),
    "lastHeard": _("last heard {time}"),
    "busyOf": _("{n} of {count} busy"),
    "loadOf": _("Load of {name}"),
    "runsThere": _("Jobs that run on {name}"),
    "nothingTaken": pgettext_lazy("of a worker", "nothing now"),
    "heard": pgettext_lazy("of a worker", "Heard"),
    "machine": pgettext_lazy("of a worker", "Machine"),
    "loadIs": Plural(
        ngettext_noop("load {load} on {n} processor", "load {load} on {n} processors")
    ),
    "versions": pgettext_lazy("of a worker", "Versions"),
    "noWorker": _("No worker seen"),
    "noWorkerWhy": _("Jobs wait until there is one. Start one:"),
    "unknownWorkers": _("Nobody knows which workers there are"),
    "stop": pgettext_lazy("a button", "Stop"),
    "stopNamed": _("Stop {name}"),
    "sureStop": _("Stop {name}?"),
    "stopMeans": _(
        "It takes nothing any more, finishes what runs, and ends. "
        "What supervises it may start it anew."
    ),
    "runsNow": Plural(ngettext_noop("{n} job runs there now.", "{n} jobs run there now.")),
    "resize": pgettext_lazy("a button", "Concurrency"),
    "resizeNamed": _("Set the concurrency of {name}"),
    "sureResize": _("How much may {name} do at once?"),
    "atOnce": _("Tasks at once"),
    "resizeMeans": _(
        "Now {n}. It keeps the new number until it starts anew; "
        "it becomes smaller as soon as what runs is done."
    ),
    "resizeNow": pgettext_lazy("a button", "Set"),
    "leave": pgettext_lazy("a button", "Leave it as it is"),
    "workingNow": _("Working…"),
    "acts": _("Who did what"),
    "olderActs": pgettext_lazy("a button", "Show older ones"),
    "refusedAct": pgettext_lazy("of what somebody wanted", "Refused"),
    "actFrom": _("from {address}"),
    "actToken": _("with the token {name}"),
    "actWithin": _("Together with others, by a job"),
    "act_cancel": pgettext_lazy("what somebody did", "Cancel"),
    "act_pause": pgettext_lazy("what somebody did", "Pause"),
    "act_resume": pgettext_lazy("what somebody did", "Resume"),
    "act_answer": pgettext_lazy("what somebody did", "Answer"),
    "act_again": pgettext_lazy("what somebody did", "Run again"),
    "act_again_failed": pgettext_lazy("what somebody did", "Run the failed items again"),
    "act_share": pgettext_lazy("what somebody did", "Share"),
    "attemptsHead": _("Attempts"),
    "firstBegan": pgettext_lazy("of attempts", "First began"),
    "lastBegan": pgettext_lazy("of attempts", "This one"),
    "nextBegins": pgettext_lazy("of attempts", "Next one"),
    "slower": _("{times} times slower than usual (usually {time})"),
    "slowerAt": _("{times} times slower than usual, at {stage} (the whole usually takes {time})"),
    "faster": _("{times} times faster than usual (usually {time})"),
    "asUsual": _("As long as usual (usually {time})"),
    "usually": _("Usually takes {time}"),
    "hardlyEver": _("Of the {n} runs before it, hardly any took longer than {time}."),
    "usualMark": pgettext_lazy("the usual time", "Usual"),
    "stageTook": pgettext_lazy("a stage of a job", "Took {time}"),
    "stageRuns": pgettext_lazy("a stage of a job", "Running for {time}"),
    "stageUsually": pgettext_lazy("a stage of a job", "usually {time}"),
    "stageSlower": pgettext_lazy("a stage of a job", "slower than usual"),
}
