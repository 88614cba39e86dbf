"""What is answered, as JSON Schema: made from the words that the answers themselves are made of."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from importlib import metadata
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from realtime import item_list
from realtime.counts import KINDS
from realtime.described import Shape
from realtime.events import ALERT as ALERT_KIND
from realtime.events import CHILDREN, ENDS, JobState, NoticeKind, Status, Way
from realtime.models import AlertDelivery, AlertRule
from realtime.permissions import ACTIONS, HIDDEN
from realtime.shapes import FLAG, MOMENT, choice, number, several, text, whole

LARGEST = 2**53 - 1
TYPES: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
REPEATS = ("again", "again_failed")


def full(**keys: Shape) -> Shape:
    """Return the shape of an object that has all these keys and no other."""
    return {
        "type": "object",
        "properties": keys,
        "required": list(keys),
        "additionalProperties": False,
    }


def maybe(shape: Shape) -> Shape:
    """Return the shape of what may be null."""
    return {"anyOf": [shape, {"type": "null"}]}


def some(shape: Shape) -> Shape:
    """Return the shape of a list of any length."""
    return {"type": "array", "items": shape}


def named(name: str) -> Shape:
    """Return the shape that is described under this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def version() -> str:
    """Return the package's version; a checkout that is not installed has none."""
    try:
        return metadata.version("django-headway")
    except metadata.PackageNotFoundError:
        return "unknown"


COUNT = whole(0, LARGEST)
STATE = named("State")
NOTED = named("NotedState")
DETAILED = named("DetailedState")
REPORTED = named("ReportedState")
PROBLEM = named("Problem")
JOBS = full(jobs=some(STATE), next=maybe(text()), searched_to=maybe(MOMENT))
COUNT_OF_JOBS = full(count=COUNT, more={"type": "boolean"})
WORDS = full(words=some(text()))
LINE = full(n=COUNT, at=MOMENT, level=text(), text=text())
LOG = full(job=text(), after=COUNT, lines=some(LINE), lost=COUNT)
ITEM = full(n=COUNT, outcome=choice(*item_list.OUTCOMES), item={}, reason=text(), at=MOMENT)
ITEMS = full(job=text(), items=some(ITEM), next=maybe(COUNT), lost=COUNT)
MANY = full(
    jobs=some(NOTED),
    refused=some(full(id=text(), status=whole(400, 599), detail=text())),
    next=maybe(text()),
    job=maybe(STATE),
)
NOTICE = named("Notice")
NOTICES = full(notices=some(NOTICE), unread=COUNT, next=maybe(text()))
WAYS = full(**{kind: some(choice(*Way)) for kind in NoticeKind})
ACT = full(
    id=text(),
    at=MOMENT,
    by=text(),
    action=text(),
    job=maybe(text()),
    target=text(),
    detail={"type": "object"},
    refused=maybe(text()),
    address=maybe(text()),
    token=maybe(text()),
)
ACTS = full(acts=some(ACT), next=maybe(text()))
MARKED = full(ids=some(text()), unread=COUNT)
TIMES = maybe(full(p50=number(0), p95=number(0), p99=number(0)))
"""Of how long jobs waited or ran: in seconds, each at most a tenth off."""
WHAT_HAPPENED = {**dict.fromkeys(KINDS, COUNT), "wait": TIMES, "run": TIMES}
FROM_TO = {"step": COUNT, "from": MOMENT, "to": MOMENT}
SERIES = full(**FROM_TO, points=some(maybe(full(at=MOMENT, covered=COUNT, **WHAT_HAPPENED))))
TASKS = full(
    **FROM_TO,
    tasks=some(
        full(
            name=maybe(text()),
            ended=COUNT,
            failed_share=maybe(number(0, 1)),
            points=some(maybe(COUNT)),
            **WHAT_HAPPENED,
        )
    ),
)
NOW = full(
    at=MOMENT,
    **{status: COUNT for status in Status if status not in ENDS},
    stalled=maybe(COUNT),
    hour=full(covered=COUNT, ended=COUNT, rate=maybe(number(0)), **WHAT_HAPPENED),
)
USUAL_STAGE = {
    **full(path=some(text()), p50=maybe(number(0)), runs=COUNT, seconds=maybe(number(0))),
    "description": (
        "Of one stage, by the names that lead to it: in how many seconds half of these runs did "
        "it, null where they are too few; how many had it; how long this run has been at it, null "
        "before it has begun. Those of one path count together."
    ),
}
USUAL = {
    **maybe(full(p50=number(0), p95=number(0), runs=COUNT, stages=some(USUAL_STAGE))),
    "description": (
        "In how many seconds half of the runs of this task ended, and all but a twentieth, of "
        "those that had succeeded before this one started; for as many items, where that "
        "matters. Null where they are too few."
    ),
}
STANDING = choice("ok", "away")
WORKER = full(
    name=text(),
    state={
        **choice("here", "stopping", "stopped", "gone"),
        "description": "Stopping, it finishes what runs; gone, it was not heard for a lease.",
    },
    heard_at=MOMENT,
    since=MOMENT,
    host=text(),
    pid=COUNT,
    pool=text(),
    concurrency=COUNT,
    running={**COUNT, "description": "How many tracked jobs run there."},
    jobs={**some(text()), "description": "The ids of the first 50 of these."},
    queues={**some(text()), "description": "What it takes from, the first 100."},
    load={**maybe(number(0)), "description": "Its machine's, of the last minute."},
    processors=COUNT,
    versions=full(headway=text(), celery=text(), python=text()),
    actions=some(choice("stop", "concurrency")),
)
QUEUE = full(
    name=text(),
    depth={
        **maybe(COUNT),
        "description": "Messages that no worker has taken; null where the broker does not say.",
    },
    oldest_at={
        **maybe(MOMENT),
        "description": (
            "Since when the oldest of them waits; null where there is none, or it belongs to no "
            "tracked job."
        ),
    },
    consumers={
        **maybe(COUNT),
        "description": "Workers of ours that take from it; null while the store is away.",
    },
    paused={**FLAG, "description": "Whether workers are to leave it alone."},
    paused_by={**maybe(text()), "description": "What who has paused it was called then."},
    paused_at={**maybe(MOMENT), "description": "Since when it is paused."},
    actions=some(choice("pause", "resume")),
)
WORKSHOP = full(
    workers=some(named("Worker")),
    queues=some(named("Queue")),
    more={**COUNT, "description": "Queues that are not shown, because there are too many."},
    broker=STANDING,
    store=STANDING,
    at=MOMENT,
)
ENTRY = full(
    name=text(),
    task=text(),
    enabled=FLAG,
    when=full(
        kind=choice("every", "crontab", "sun", "once", "other"),
        text={**text(), "description": "A crontab's five fields, an event of the sun, or a time."},
        seconds=maybe(number(0)),
        zone=maybe(text()),
    ),
    last_at=maybe(MOMENT),
    next_at={**maybe(MOMENT), "description": "Past where it is overdue; null where not known."},
)
SCHEDULE = full(entries=some(ENTRY), more=COUNT, at=MOMENT)
VIEWS = full(views=some(full(id=COUNT, name=text(), q=text())))
STEERED_WORKER = full(worker=named("Worker"), note=text())
STEERED_QUEUE = full(queue=named("Queue"), note=text())
DELIVERY = full(
    way=choice(*AlertDelivery.Way.values),
    to={**text(), "description": "An address, or whose inbox."},
    event=choice(*AlertDelivery.Event.values),
    outcome=choice(*AlertDelivery.Outcome.values),
    tries=COUNT,
    reason=maybe(text()),
    at={**MOMENT, "description": "When it was done, or is tried next."},
)
SUBJECT = full(name=text(), n=maybe(COUNT), since=maybe(MOMENT), job=maybe(text()))
ALERT = full(
    id=text(),
    rule=maybe(COUNT),
    name=text(),
    kind=choice(*AlertRule.Kind.values),
    since=MOMENT,
    over_at=maybe(MOMENT),
    told_at=maybe(MOMENT),
    count=COUNT,
    subjects=some(SUBJECT),
    test=FLAG,
    deliveries=some(DELIVERY),
)
ALERTS = full(alerts=some(ALERT), next=maybe(text()))
RULE = full(
    id=COUNT,
    name=text(),
    kind=choice(*AlertRule.Kind.values),
    pattern=text(),
    count=COUNT,
    minutes=COUNT,
    mails=some(text()),
    url=text(),
    has_secret=FLAG,
    inbox=choice(*AlertRule.Inbox.values),
    people=some(text()),
    quiet=COUNT,
    enabled=FLAG,
    language=text(),
    state=choice("off", "quiet", "firing"),
    since={**maybe(MOMENT), "description": "Since when it fires."},
    told_at=maybe(MOMENT),
)
RULES = full(rules=some(named("AlertRule")), languages=some(full(code=text(), name=text())))
TRIED = full(deliveries=some(DELIVERY))
ALIVE = full(status=choice("ok"))
READY = full(
    status=choice("ok", "away"),
    process=choice("ok", "stopping"),
    store=choice("ok", "away"),
    database=choice("ok", "away"),
)


@cache
def schemas() -> dict[str, Shape]:
    """Return the shapes that have names."""
    state = {name: _field(name, kind) for name, kind in get_type_hints(JobState).items()}
    state = {name: shape for name, shape in state.items() if name not in HIDDEN}
    left = {**maybe(several(number(0), 2)), "description": "Between what `eta` probably is."}
    state |= {"seq": COUNT, "log": COUNT, "actions": several(choice(*_actions()), 10)}
    state |= {"eta_range": left}
    return {
        "State": full(**state),
        "NotedState": full(**state, note=text()),
        "DetailedState": {**full(**state), "properties": {**state, **_details()}},
        "ReportedState": full(**state, wants=maybe(choice("cancel", "pause"))),
        "Stage": _stage(),
        "Notice": _notice(),
        "AlertRule": RULE,
        "Queue": QUEUE,
        "Worker": WORKER,
        "Problem": full(title=text(), status=whole(400, 599), detail=text()),
    }


def _actions() -> list[str]:
    return sorted({*REPEATS, *(one for allowed in ACTIONS.values() for one in allowed)})


def _details() -> dict[str, Any]:
    """Return what its owner is told of one job besides, and operators alone."""
    compared = {
        "began_at": {**maybe(MOMENT), "description": "When its first attempt started."},
        "usual": USUAL,
    }
    for_operators = {name: maybe(text()) for name in ("traceback", "queue", "owner_name")}
    return {**compared, **for_operators, "arguments": {}}


def _stage() -> Shape:
    parts = {"name": text(), "fraction": maybe(number(0, 1)), "weight": number(0), "status": text()}
    times = {
        "seconds": {
            **number(0),
            "description": "How long its entries took that are over; absent while there is none.",
        },
        "began_at": {
            **MOMENT,
            "description": "When the entry began that is not over; absent while it does not run.",
        },
    }
    return {**full(**parts), "properties": {**parts, **times, "stages": some(named("Stage"))}}


def _notice() -> Shape:
    """Return the shape of a notice; its job's page has what is not here."""
    return full(
        id=text(),
        job=maybe(text()),
        kind={
            **text(),
            "description": f"One of {', '.join([*NoticeKind, ALERT_KIND])}, or one to come.",
        },
        ways=some(choice(*Way)),
        title=text(),
        text=text(),
        at=MOMENT,
        read_at=maybe(MOMENT),
        actions=some(text()),
        question=_OTHERS["question"],
        files=_OTHERS["files"],
    )


_OTHERS: dict[str, Shape] = {
    "status": choice(*Status),
    "fraction": maybe(number(0, 1)),
    "stages": some(named("Stage")),
    "files": some(full(name=text(), size=COUNT, url=text())),
    "question": maybe(
        full(
            id=text(),
            text=text(),
            choices=maybe(some(text())),
            asked_at=MOMENT,
            expires_at=maybe(MOMENT),
        )
    ),
    "error": maybe(full(kind=text(), text=text())),
    "children": maybe(full(total=COUNT, **dict.fromkeys(CHILDREN, COUNT))),
}
"""The fields of which a type alone says too little."""


def _field(name: str, kind: Any) -> Shape:
    moment = maybe(MOMENT) if name.endswith("_at") else None
    return {"description": _words()[name]} | (_OTHERS.get(name) or moment or _of(kind))


def _of(kind: Any) -> Shape:
    """Return the shape of a type."""
    if get_origin(kind) is UnionType:
        [other] = set(get_args(kind)) - {NoneType}
        return maybe(_of(other))
    if get_origin(kind) is list:
        return some(_of(get_args(kind)[0]))
    return {"type": TYPES[kind]}


@cache
def _words() -> dict[str, str]:
    """Return what is written below each field of a state."""
    [found] = ast.parse(inspect.getsource(JobState)).body
    body = list(getattr(found, "body", []))
    return {
        field.target.id: str(said.value.value)
        for field, said in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
    }
