"""The Celery processes of `manage.py up`."""

import sys
from signal import SIGQUIT, SIGTERM

from core.queues import CAMPAIGNS
from core.supervisor import Program

CELERY = (sys.executable, "-m", "celery", "--quiet", "--app", "core.celery")
#: Campaigns that are sent at once; the others wait until one has ended.
AT_ONCE = 4


def workers(processes: int) -> list[Program]:
    """Return the worker of all short work, and the one of campaigns."""
    short = ("--exclude-queues", CAMPAIGNS, "--concurrency", str(processes))
    # They wait for their pace and for the mail server: one process has room for several.
    long = ("--queues", CAMPAIGNS, "--pool", "threads", "--concurrency", str(AT_ONCE))
    return [_worker("worker", *short), _worker(CAMPAIGNS, *long)]


def _worker(name: str, *options: str) -> Program:
    """Return a worker: it may finish its tasks, then it must put them back."""
    # Mingling and gossiping is for workers that have others to talk to: it costs a second.
    alone = ("--without-mingle", "--without-gossip", "--hostname", f"{name}@%h")
    command = (*CELERY, "worker", *alone, "--loglevel", "INFO", *options)
    return Program(name, command, rank=1, stops=((SIGTERM, 10.0), (SIGQUIT, 5.0)))


def scheduler() -> Program:
    """Return the scheduler: Celery's beat, with the schedule that is in the database."""
    command = (*CELERY, "beat", "--loglevel", "WARNING", "--pidfile", "")
    return Program("scheduler", command, rank=1)
