"""What can go wrong, drawn as a tree.

HeadwayError
├── Cancelled      somebody cancelled the job; raised by the progress calls
├── JobError       raised by tasks: its text is meant for the job's owner
├── BadFile        what a task attaches is no file, or one too many
├── StoreAway      the store did not answer in time
├── NoEventLoop    a coroutine cannot go on after the request: no event loop stays
├── TooBusy        this web process runs as many coroutines as it may
├── WouldBlock     a call that waits, made in an event loop
├── Refused        a request to a job that its status does not allow
├── BadAnswer      an answer to a job's question that is none of its choices
└── BadSearch      a search for jobs that cannot be understood

Beside the tree stands `protocol.BadFrame` (with `BadTopic` below it): the protocol is pure and
imports nothing of ours.
"""

from celery.exceptions import Ignore


class HeadwayError(Exception):
    """The root of all errors of Headway."""


class Cancelled(HeadwayError, Ignore):
    """The job was cancelled: clean up and let the exception go, or return.

    It is one of Celery's `Ignore` errors, so that a worker neither logs a failure nor retries.
    """


class JobError(HeadwayError):
    """The job cannot go on, for a reason that its owner may read; raise it with a full sentence."""


class BadFile(HeadwayError):
    """What is attached is no file, or one too many: pass a path or open file, or pack several."""


class StoreAway(HeadwayError):
    """The store does not answer: check that Redis runs at HEADWAY["REDIS_URL"]."""


class NoEventLoop(HeadwayError):
    """No event loop stays: call `background` under an ASGI server, elsewhere queue a task."""


class TooBusy(HeadwayError):
    """This web process runs as many background jobs as it may: try again, or queue a task."""


class WouldBlock(HeadwayError):
    """The event loop must not wait: write `await asyncio.to_thread(progress.ask, …)`."""


class Refused(HeadwayError):
    """The job's status does not allow the request: read its state again, act on its `actions`."""


class BadAnswer(HeadwayError):
    """The answer is none: choose one of the question's `choices`, or send a text."""

    def __init__(self, wanted: str, got: object) -> None:
        """Take what was expected and what came."""
        super().__init__(f"expected answer to be {wanted}, got: {got!r:.80}")
        self.wanted, self.got = wanted, got


class BadSearch(HeadwayError):
    """The search cannot be understood: write it as the text says."""

    def __init__(self, what: str, wanted: str, got: str) -> None:
        """Take what was expected of what, and what came."""
        super().__init__(f"expected {what} to be {wanted}, got: {got:.80}")
        self.what, self.wanted, self.got = what, wanted, got
