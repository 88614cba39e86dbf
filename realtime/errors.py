"""What can go wrong, drawn as a tree.

HeadwayError
├── Cancelled      somebody cancelled the job; raised by the progress calls
├── JobError       raised by tasks: its text is meant for the job's owner
├── BadFile        what a task attaches is no file, or one too many
├── StoreAway      the store did not answer in time
├── Refused        a request to a job that its status does not allow
└── BadAnswer      an answer to a job's question that is none of its choices

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


class Refused(HeadwayError):
    """The job's status does not allow the request: read its state again, act on its `actions`."""


class BadAnswer(HeadwayError):
    """The answer is none: choose one of the question's `choices`, or send a text."""

    def __init__(self, wanted: str, got: object) -> None:
        """Take what was expected and what came."""
        super().__init__(f"expected answer to be {wanted}, got: {got!r:.80}")
        self.wanted, self.got = wanted, got
