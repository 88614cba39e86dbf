"""Every setting of Headway, typed, with its default and a line of explanation."""

from __future__ import annotations

import os
from typing import Any, cast, get_type_hints

from django.conf import settings as django_settings
from django.core.signals import setting_changed

SECRETS = [
    *("password", "passwd", "passphrase", "secret", "token", "authorization", "credential"),
    *("api_key", "access_key", "private_key", "signature", "cookie", "session_id", "csrf"),
    *("card_number", "cvv", "cvc", "iban", "ssn"),
]

USUAL_WAYS = {kind: ["toast", "inbox"] for kind in ("finished", "failed", "asks")}


class Settings:
    """The keys of `HEADWAY` with their defaults."""

    REDIS_URL: str = ""
    """Where live states are kept; the environment's REDIS_URL, else redis://127.0.0.1:6379/0."""
    STORE: str = "redis"
    """Which store: redis, or memory for unit tests in one process."""
    LAYER: str = ""
    """An alias in CHANNEL_LAYERS; empty: a pub/sub layer of our own at REDIS_URL."""
    SHARDS: int = 4
    """Into how many groups of the layer jobs are spread."""
    PREFIX: str = "headway"
    """What the names of keys and groups in Redis begin with."""
    TRACK: list[str] = ["*"]
    """Patterns of the task names that are tracked."""
    IGNORE: list[str] = ["celery.*"]
    """Patterns of the task names that are not tracked, though TRACK matches."""
    REPORT_INTERVAL: float = 0.1
    """Seconds between two reports of one job."""
    STORE_TIMEOUT: float = 0.25
    """Seconds a report waits for Redis before it is tried again later."""
    END_TIMEOUT: float = 5.0
    """Seconds an end is waited for: at the task's end, or before the thread's next task."""
    BEAT_INTERVAL: float = 1.0
    """Seconds between two signs of life of a job that does not change."""
    LEASE: float = 10.0
    """Seconds without a sign of life after which a job's worker is taken for dead."""
    ORPHAN: float = 60.0
    """Seconds after which a waiting job is looked for in the broker, and lost without it."""
    GIVE_BACK: bool = True
    """Whether messages that a dead worker held are given back to Redis as broker at once."""
    KEEP_ENDED: int = 86_400
    """Seconds that Redis keeps the state and the log of an ended job; SQL keeps its end."""
    KEEP_SILENT: int = 604_800
    """Seconds that Redis keeps a job of which nothing is heard any more."""
    LOG_LINES: int = 20_000
    """Log lines kept of one job."""
    LOG_BYTES: int = 4_000_000
    """Bytes kept of the log of one job."""
    KEEP_LOGS: int = 2_592_000
    """Seconds that SQL keeps the logs of ended jobs, which Redis forgets after KEEP_ENDED."""
    KEEP_JOBS: dict[str, int] = {"*": 15_552_000}
    """Seconds SQL keeps ended jobs, by 'task pattern' or 'task pattern status'; {}: for ever."""
    KEEP_SERIES: int = 7_776_000
    """Seconds that the counts of the dashboard's series are kept; 0: nothing is counted."""
    KEEP_MINUTES: int = 172_800
    """Seconds that they are kept by the minute and by ten minutes, then by the hour and longer."""
    SERIES_TASKS: int = 50
    """Tasks, each in each of its queues, that an interval of the series tells apart."""
    CATCH_UP: int = 7_200
    """Seconds back that minutes are counted which nobody counted; those before stay gaps."""
    REDACT: list[str] = SECRETS
    """Words in the names of values that are hidden even from operators."""
    TRACEBACK_LENGTH: int = 4_000
    """Characters kept of the end of an error's traceback, for operators alone."""
    TEXT_LENGTH: int = 500
    """Characters kept of a title, message or reason."""
    LINE_LENGTH: int = 2_000
    """Characters kept of a log line."""
    NAME_LENGTH: int = 100
    """Characters kept of the name of a stage or a file."""
    LINES_WAITING: int = 5_000
    """Log lines of one job that a worker keeps while the store is away; the oldest go first."""
    STAGES: int = 100
    """Stages of one job; further ones are counted into the last one, or the one around."""
    TREE_JOBS: int = 100_000
    """Jobs of one tree that Redis keeps apart; of further ones its root tells only at its end."""
    ITEMS: int = 10_000
    """Failed and skipped items kept of one job with their reasons; further ones are counted."""
    ITEM_LENGTH: int = 1_000
    """Characters kept of an item, as JSON."""
    KEEP_ARGUMENTS: list[str] = ["*"]
    """Patterns of the task names whose arguments are kept in SQL, to be run again."""
    ARGUMENTS_LENGTH: int = 20_000
    """Characters of a task's arguments, as JSON, that are kept; longer ones are not kept at all."""
    FILES: int = 50
    """Files that one job may leave."""
    KEEP_FILES: int = 2_592_000
    """Seconds that a job's files are kept unless its task says otherwise; 0 for ever."""
    NOTICES: list[str] = ["*"]
    """Patterns of the task names whose ends are told to their owners; questions are in any case."""
    NOTICE_AFTER: float = 5.0
    """Seconds that a job must have taken before its success is told by a notice."""
    NOTICE_ALWAYS: list[str] = []
    """Patterns of the task names whose success is told however short they took."""
    NOTICE_WAYS: dict[str, list[str]] = USUAL_WAYS
    """By which ways people are told of each kind of notice until they choose."""
    NOTICE_MAIL_AFTER: float = 60.0
    """Seconds after which a notice is mailed to who was away and has not read it."""
    SITE_URL: str = ""
    """How mails' links begin, such as https://jobs.example.org; without it they have none."""
    JOB_PAGE: str = ""
    """The path of a job's page, with 00000000-0000-0000-0000-000000000000 in its id's place."""
    PREFERENCES_PAGE: str = ""
    """The path of a page on which people choose how they are told."""
    KEEP_NOTICES: int = 2_592_000
    """Seconds that notices are kept, if their job is."""
    KEEP_ACTS: int = 15_552_000
    """Seconds that is kept who asked for what."""
    KEEP_ALERTS: int = 15_552_000
    """Seconds that is kept which alerts have fired, once they are over."""
    ALERT_PRIVATE_ADDRESSES: bool = False
    """Whether webhooks of alerts may lead to private addresses, such as those of one's own net."""
    REACH: str = ""
    """Path of a function of a user that returns the tags whose jobs an operator sees, None: all."""
    ORIGINS: list[str] = []
    """Further origins that may open sockets; ['*'] lets all in where ALLOWED_HOSTS does so too."""
    HEARTBEAT: int = 20
    """Seconds without a frame after which a socket is sent a heartbeat."""
    WINDOW: int = 128
    """Data frames that a socket may leave unacknowledged."""
    WATCHES: int = 1_000
    """Topics that one socket may watch."""
    SOCKETS_PER_USER: int = 50
    """Sockets that one person may have open in one web process."""
    SOCKETS_PER_ADDRESS: int = 1_000
    """Sockets from one address, where it is known, in one web process."""
    SOCKETS_PER_SHARE: int = 500
    """Sockets of guests who watch one shared job in one web process."""
    SHARE_FOR: int = 604_800
    """Seconds that a share token is good unless it is said otherwise."""
    FRAME_RATE: int = 200
    """Frames a second, over ten seconds, that a socket may send, acknowledgements aside."""
    UNREAD: int = 250_000
    """Characters that a socket may have sent before what it asked earlier is answered."""
    REPORT_RATE: int = 20
    """Reports a second, over ten seconds, that one person's scripts may send to one web process."""
    OUTSIDE_JOBS: int = 1_000
    """Jobs outside Celery that one person may have which have not ended."""
    RIGHTS_INTERVAL: float = 5.0
    """Seconds between two looks at whether open sockets are still signed in, and as what."""
    RIGHTS_PATIENCE: float = 300.0
    """Seconds that sockets stay open while nobody can tell whether they are still signed in."""
    DRAIN: float = 5.0
    """Seconds that sockets and requests have to finish when a web process is told to stop."""
    RESTART_AFTER: float = 2.0
    """Seconds after which browsers come back to a web process that was told to stop."""
    RESTART_RATE: int = 200
    """Browsers that come back in each of the seconds that follow."""
    HEAL_INTERVAL: float = 2.0
    """Seconds between two comparisons of what viewers have with what the store has."""
    BACKGROUND_JOBS: int = 100
    """Coroutines of `realtime.background` that run at once in one web process."""
    WEB_THREADS: int = 4
    """Threads of a web process that read the store and the database for its sockets."""
    METRICS_TOKEN: str = ""
    """What a scraper sends as `Authorization: Bearer`; without it operators alone see metrics."""


class _Read:
    """The settings as they are: each is read when it is first asked for, and kept until changed."""

    def __init__(self) -> None:
        setting_changed.connect(self._forget)

    def __getattr__(self, name: str) -> Any:
        value = getattr(django_settings, "HEADWAY", {}).get(name, getattr(Settings, name))
        if name == "REDIS_URL" and not value:
            value = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
        # An attribute of its own is found without this method, which a task would ask many times.
        self.__dict__[name] = value
        return value

    def _forget(self, *, setting: str, **_: object) -> None:
        if setting == "HEADWAY":
            self.__dict__.clear()


def names() -> dict[str, type]:
    """Return every setting's name and type."""
    return {name: kind for name, kind in get_type_hints(Settings).items() if name.isupper()}


conf = cast("Settings", _Read())
