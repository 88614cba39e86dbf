"""Which queue each kind of work waits in, and how urgent it is."""

from __future__ import annotations

import pytest
from celery import current_app
from celery.app.routes import Router, prepare

from core import jobs
from core.queues import CAMPAIGNS, DEFAULT, Urgency, declared, number_of, routes, transport_options
from core.rabbit import rabbit_answers
from core.supervisor import GaveUp
from core.workers import workers
from tests.services import free_port

REDIS, RABBIT = "redis://127.0.0.1/0", "amqp://guest@127.0.0.1//"


@pytest.mark.parametrize("broker", [REDIS, RABBIT])
def test_each_shipped_task_has_a_queue_that_is_declared(broker: str) -> None:
    """And none of them waits among all others."""
    ours = {queue.name for queue in declared()} - {DEFAULT}
    shipped = [name for name in current_app.tasks if name.startswith(f"{jobs.__name__}.")]
    assert {queue_of(name, broker) for name in shipped} <= ours
    assert queue_of("any.other", broker) == DEFAULT


def queue_of(name: str, broker: str) -> str:
    """Return the queue that Celery sends a task to."""
    router = Router(prepare([routes(broker)]), current_app.amqp.queues, app=current_app)
    return str(router.route({}, name)["queue"].name)


def test_a_test_letter_does_not_wait_for_campaigns() -> None:
    """Of the two tasks one takes hours, and for the other somebody waits."""
    found = [queue_of(f"core.jobs.mail.{name}", REDIS) for name in ("send", "send_test")]
    assert found == [CAMPAIGNS, "mail"]
    assert routes(REDIS)["core.jobs.mail.send"]["priority"] == number_of(Urgency.BULK, REDIS)


def test_what_is_sooner_has_the_lower_number_on_redis_and_the_higher_on_rabbitmq() -> None:
    """RabbitMQ knows no number above the one that its queues are declared with."""
    words = list(Urgency)
    assert sorted(words, key=lambda word: number_of(word, "rediss://h/0")) == words
    assert sorted(words, key=lambda word: -number_of(word, "amqps://h//")) == words
    given = [queue.queue_arguments or {} for queue in declared() if queue.name != DEFAULT]
    assert {one["x-max-priority"] for one in given} == {number_of(Urgency.SOON, RABBIT)}


def test_each_broker_is_told_what_it_knows() -> None:
    """A message is safe before it counts as queued, or is kept from others for long enough."""
    assert transport_options(RABBIT) == {"confirm_publish": True}
    assert transport_options("redis+socket:///x") == {"visibility_timeout": 86_400}


def test_the_workers_leave_no_queue_out() -> None:
    """One takes from the campaigns' queue alone, the other one from all but that."""
    short, long = (program.command for program in workers(3))
    assert short[short.index("--exclude-queues") + 1] == CAMPAIGNS
    assert long[long.index("--queues") + 1] == CAMPAIGNS
    assert short[short.index("--concurrency") + 1] == "3"


async def test_a_rabbitmq_that_is_away_is_the_reason() -> None:
    """It is waited for; the sentence tells where, without the password."""
    address = f"127.0.0.1:{free_port()}//"
    with pytest.raises(GaveUp, match="RabbitMQ at CELERY_BROKER_URL") as told:
        await rabbit_answers(f"amqp://ann:secret@{address}", patience=0.3)
    assert address in str(told.value)
    assert "secret" not in str(told.value)


async def test_redis_is_not_waited_for_a_second_time() -> None:
    """It has answered already."""
    await rabbit_answers("redis://127.0.0.1:1/0", patience=0)
