"""The names of keys, and how a report is put to a script and its answer read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from realtime.conf import conf
from realtime.store.contract import GROWING, WHOLE, Branch, News, Remembered, Report, grams, share

WORDS = 4_000
"""Of a tree that is told again, in one step: Redis does nothing else meanwhile."""


def key_of(job: str) -> str:
    """Return the key of a job's record."""
    return f"{conf.PREFIX}:job:{{{job}}}"


def log_key_of(job: str) -> str:
    """Return the key of a job's log."""
    return f"{conf.PREFIX}:log:{{{job}}}"


def tree_key_of(root: str) -> str:
    """Return the key of a root's tree."""
    return f"{conf.PREFIX}:tree:{{{root}}}"


def here_key_of(person: str) -> str:
    """Return the key of which processes see a person."""
    return f"{conf.PREFIX}:here:{{{person}}}"


def gauge_keys() -> list[str]:
    """Return the keys of what processes show."""
    return [name_of("gauges"), name_of("processes-until")]


def holding_keys() -> list[str]:
    """Return the keys of what workers hold of the broker's messages."""
    return [name_of("holdings"), name_of("workers-until")]


def worker_keys() -> list[str]:
    """Return the keys of what workers say of themselves."""
    return [name_of("workers"), name_of("workers-heard")]


def name_of(what: str) -> str:
    """Return a key of which there is one."""
    return f"{conf.PREFIX}:{what}"


def arguments(report: Report) -> tuple[list[str], list[Any]]:
    """Return the keys and values with which a report's script is called."""
    keep = conf.KEEP_ENDED if report.ends else conf.KEEP_SILENT
    ends = "1" if report.ends else ""
    order, claim = report.order, "1" if report.claim else ""
    values = (order, report.run, report.floor, report.body, ends, keep, conf.LOG_LINES, claim)
    silent_for = report.silent_for or ""
    place = ("" if report.base is None else report.base, report.told)
    at = "" if report.at is None else report.at
    more = (silent_for, *place, conf.LOG_BYTES, report.wants, report.question, at, report.after)
    keys = [key_of(report.job), log_key_of(report.job)]
    tree_keys, tree_values = _tree_arguments(report)
    return keys + tree_keys, [*tree_values, *values, *more, *report.lines]


def _tree_arguments(report: Report) -> tuple[list[str], list[Any]]:
    if crown := report.crown:
        own = "" if crown.own is None else int(crown.own * WHOLE)
        numbers = (own, int(crown.best * WHOLE), conf.KEEP_SILENT, GROWING)
        heft = grams(crown.weight)
        return [tree_key_of(report.job)], [crown.mode, *numbers, report.job, heft]
    if part := report.part:
        done = share(part.fraction, part.status)
        words = [word for job, heft in part.promised.items() for word in (job, grams(heft))]
        more = (grams(part.weight), conf.KEEP_SILENT, conf.TREE_JOBS, len(words), *words)
        return [tree_key_of(part.root)], [report.job, part.status, done, *more]
    return [], []


def bundles(jobs: Iterable[Branch]) -> Iterator[tuple[list[Any], bool]]:
    """Yield the words that tell of jobs, not too many together, and whether these are the last."""
    words: list[Any] = []
    for one in jobs:
        if len(words) > WORDS:
            yield words, False
            words = []
        promised = [word for job, heft in one.promised.items() for word in (job, grams(heft))]
        done = share(one.fraction, one.status)
        words += [one.job, one.status, done, grams(one.weight), len(promised), *promised]
    yield words, True


def remembered(answer: list[Any]) -> Remembered:
    """Read what a report's script answers."""
    accepted, seq, log, wants, ended, said = answer[:6]
    news, tail = answer[6:] or (0, "")
    return Remembered(
        accepted=bool(accepted),
        seq=seq,
        log=log,
        wants=wants,
        ended=bool(ended),
        answer=said,
        news=News(news),
        tail=tail,
    )
