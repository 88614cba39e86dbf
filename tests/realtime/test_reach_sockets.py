"""What open sockets are sent of the tenants' jobs that their operators see, and of no others'."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from celery import chain, chord, group
from django.contrib.auth.models import Permission

import realtime
from realtime.events import JobState, Status, timestamp
from realtime.heritage import Above, tags_of
from realtime.models import Job, Tag
from realtime.models.tags import TAGS
from realtime.publish import Change, publish
from tests import tasks
from tests.processes import Child
from tests.services import wait_until
from tests.sockets import Viewer, sign_in, viewer
from tests.streams import EVENTS, Stream, asked, of_type, polled, state_in, watching
from tests.tenants import join

pytestmark = pytest.mark.django_db(transaction=True)

A, B = "tenant:a", "tenant:b"


@pytest.fixture
def web(tenants_web: Child) -> Child:
    """Return the service under each server."""
    return tenants_web


@pytest.fixture
def one(transactional_db: None, django_user_model: Any) -> Any:
    """Return an operator, of the first tenant."""
    found = operator_named(django_user_model, "one")
    join(found, A)
    return found


@pytest.fixture
def two(transactional_db: None, django_user_model: Any) -> Any:
    """Return an operator of the second tenant."""
    found = operator_named(django_user_model, "two")
    join(found, B)
    return found


def operator_named(model: Any, name: str) -> Any:
    """Make somebody who may see others' jobs."""
    found = model.objects.create_user(name, password="x")
    found.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    return found


def tell(owner: Any, *tags: str, job: str = "", log: int = 0) -> str:
    """Publish a state of a running job, with lines of its log."""
    job = job or str(uuid.uuid4())
    given: dict[str, Any] = {"id": job, "root": job, "name": "t", "owner": str(owner.pk)}
    given |= {"tags": list(tags), "title": f"of {' '.join(tags)}"}
    state = JobState(status=Status.RUNNING, queued_at=timestamp(), **given)
    lines = ('{"at":"","level":"info","text":"secret"}',) * log
    publish([Change(state=state, order=1, lines=lines, transition=True)])
    return job


_tell = sync_to_async(tell)
_sign_in = sync_to_async(sign_in)
_join = sync_to_async(join)


def tree_of(owner: Any, tag: str) -> str:
    """Start a task that starts others, and return its job."""
    job = realtime.start(tasks.start_children, 2, title=f"Tree of {tag}", owner=owner, tags=[tag])
    return str(job.pk)


def ids_of(root: str) -> set[str]:
    """Return the jobs of a tree, once all of them have ended."""
    found = Job.objects.filter(root=root)
    ended = found.filter(finished_at__isnull=False)
    return {str(pk) for pk in ended.values_list("pk", flat=True)} if found.count() > 2 else set()


@pytest.fixture
def cookies(one: Any, two: Any, operator: Any) -> list[str]:
    """Sign the operators in: of each tenant, and who sees everybody's jobs."""
    return [sign_in(user) for user in (one, two, operator)]


async def test_each_operator_is_sent_their_tenants_jobs_alone(
    web: Child, threads_worker: Child, ana: Any, ben: Any, cookies: list[str]
) -> None:
    """Trees of both run at once; who sees everybody is sent both, and nobody a byte of another."""
    async with (
        viewer(web, cookies[0]) as ones,
        viewer(web, cookies[1]) as twos,
        viewer(web, cookies[2]) as alls,
    ):
        for each in (ones, twos, alls):
            await each.watch("all", "mine")
            await each.until(lambda each=each: len(each.of_type("watching")) == 2)  # type: ignore[misc]
        roots = dict[str, list[str]]()
        for owner, tag in ((ana, A), (ben, B)) * 3:
            roots.setdefault(tag, []).append(await sync_to_async(tree_of)(owner, tag))
        alone = await _tell(ana)

        def ended(each: Viewer, tag: str) -> bool:
            found = [one for one in each.states.values() if one["root"] in roots[tag]]
            return len(found) == 9 and all(one["finished_at"] for one in found)

        await ones.until(lambda: ended(ones, A))
        await twos.until(lambda: ended(twos, B))
        await alls.until(lambda: ended(alls, A) and ended(alls, B) and alone in alls.states)
        trees = {tag: await sync_to_async(_of)(found) for tag, found in roots.items()}
        assert (set(ones.states), set(twos.states)) == (trees[A], trees[B])
        for each, foreign, owner in ((ones, B, ben), (twos, A, ana)):
            said = json.dumps(each.frames)
            hidden = [*trees[foreign], alone, foreign, f'"owner": "{owner.pk}"']
            assert not [word for word in hidden if word in said]
        root = roots[A][0]
        await ones.watch(f"tree:{root}", f"log:{root}", f"job:{root}")
        await twos.watch(f"tree:{root}", f"log:{root}", *(f"job:{job}" for job in trees[A]))
        await ones.until(lambda: len(ones.of_type("watching")) == 4)
        await twos.until(lambda: len(twos.of_type("refused")) == 2 + len(trees[A]))
        assert not ones.of_type("refused")


def _of(roots: list[str]) -> set[str]:
    found = Job.objects.filter(root__in=roots).values_list("pk", flat=True)
    return {str(pk) for pk in found}


async def test_a_tenant_that_is_taken_away_is_seen_no_more(
    web: Child, ana: Any, ben: Any, one: Any
) -> None:
    """By none of its topics; all is begun anew with what is left, and with what came instead."""
    hers, his, own = await _tell(ana, A, log=1), await _tell(ben, B, log=1), await _tell(one)
    async with viewer(web, await _sign_in(one)) as sees:
        await sees.watch("all", f"job:{hers}", f"tree:{hers}", f"log:{hers}", f"job:{own}")
        await sees.until(lambda: len(sees.of_type("watching")) == 4 and sees.lines)
        assert set(sees.states) == {hers, own}
        await _join(one, B)
        await sees.until(lambda: len(sees.of_type("refused")) == 4)
        refused = {frame["topic"]: frame["code"] for frame in sees.of_type("refused")}
        lost = ["all", f"job:{hers}", f"tree:{hers}", f"log:{hers}"]
        assert refused == dict.fromkeys(lost, "not_found")
        await sees.until(lambda: len(sees.of_type("watching")) == 5)
        assert set(sees.states) == {hers, own, his}
        before, lines = sees.states[hers]["seq"], len(sees.lines)
        await _tell(ana, A, job=hers, log=1)
        newer = sees.states[his]["seq"]
        await _tell(ben, B, job=his)
        await sees.until(lambda: sees.states[his]["seq"] > newer)
        assert (sees.states[hers]["seq"], len(sees.lines)) == (before, lines)


@pytest.mark.parametrize("groups", [(), ("broken",)], ids=["no tenant", "nobody knows"])
async def test_who_has_no_tenant_any_more_is_told_and_keeps_their_own(
    web: Child, ana: Any, one: Any, groups: tuple[str, ...]
) -> None:
    """As one who is no operator; also where the project's function fails."""
    hers, own = await _tell(ana, A), await _tell(one)
    async with viewer(web, await _sign_in(one)) as sees:
        await sees.watch("all", "mine")
        await sees.until(lambda: len(sees.of_type("watching")) == 2)
        assert set(sees.states) == {hers, own}
        await _join(one, *groups)
        await sees.until(lambda: sees.of_type("refused"))
        before, newer = sees.states[hers]["seq"], sees.states[own]["seq"]
        await _tell(ana, A, job=hers)
        await _tell(one, job=own)
        await sees.until(lambda: sees.states[own]["seq"] > newer)
        assert sees.states[hers]["seq"] == before
        assert [frame["topic"] for frame in sees.of_type("refused")] == ["all"]
        await sees.watch("all")
        await sees.until(lambda: len(sees.of_type("refused")) == 2)
        await _join(one, A)
        await sees.until(lambda: sees.states[hers]["seq"] > before)
        await sees.until(lambda: len(sees.of_type("watching")) == 3)
        await sees.send(type="unwatch", topics=["all"])
        await _join(one, A, B)
        await _join(one)
        await sees.watch("all")
        await sees.until(lambda: len(sees.of_type("refused")) == 3)


async def test_who_sees_more_is_sent_it_on_the_socket_that_is_open(
    web: Child, ana: Any, ben: Any, one: Any
) -> None:
    """A second tenant, then everybody, then the second alone again."""
    hers, his, nobodys = await _tell(ana, A), await _tell(ben, B), await _tell(ben)
    async with viewer(web, await _sign_in(one)) as sees:
        await sees.watch("all")
        await sees.until(lambda: sees.of_type("watching"))
        assert set(sees.states) == {hers}
        await _join(one, A, B)
        await sees.until(lambda: his in sees.states)
        await sync_to_async(one.groups.clear)()
        await sees.until(lambda: nobodys in sees.states)
        await sees.until(lambda: len(sees.of_type("watching")) == 3)
        await _join(one, B)
        await sees.until(lambda: len(sees.of_type("watching")) == 4)
        before, newer = sees.states[nobodys]["seq"], sees.states[his]["seq"]
        await _tell(ben, job=nobodys)
        await _tell(ana, A, job=hers)
        await _tell(ben, B, job=his)
        await sees.until(lambda: sees.states[his]["seq"] > newer)
        assert sees.states[nobodys]["seq"] == before


async def test_what_the_layer_loses_is_found_for_who_sees_a_part(
    web: Child, ana: Any, ben: Any, one: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its tag, where nobody on the process watches everybody's jobs."""
    async with viewer(web, await _sign_in(one)) as sees:
        await sees.watch("all")
        await sees.until(lambda: sees.of_type("watching"))
        monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
        his, hers, own = await _tell(ben, B), await _tell(ana, A), await _tell(one)
        await sees.until(lambda: {hers, own} <= set(sees.states))
        assert his not in sees.states


def test_events_and_polls_bring_the_same(web: Child, ana: Any, ben: Any, one: Any) -> None:
    """Where no socket gets through, too, and a tenant that is taken away ends there as well."""
    hers, his = tell(ana, A), tell(ben, B)
    cookie, topics = sign_in(one), ("all", f"job:{his}", f"tree:{his}", f"log:{his}")
    frames = polled(web, watching(*topics), cookie)
    assert state_in(frames, hers)
    assert his not in json.dumps(of_type(frames, "jobs"))
    assert {frame["topic"] for frame in of_type(frames, "refused")} == {*topics[1:]}
    with asked(web, watching("all"), Cookie=cookie, **EVENTS) as answer:
        stream = Stream(answer)
        stream.until(lambda: of_type(stream.frames, "watching"))
        assert stream.state(hers)
        join(one, B)
        stream.until(lambda: stream.state(his))
        assert of_type(stream.frames, "refused")
    assert not state_in(polled(web, watching("all"), cookie), hers)


CANVASES: dict[str, Callable[[], Any]] = {
    "group": lambda: group(tasks.nothing.si(), tasks.nothing.si()),
    "chain": lambda: chain(tasks.nothing.si(), tasks.nothing.si(), tasks.nothing.si()),
    "chord": lambda: chord([tasks.nothing.si(), tasks.nothing.si()], tasks.nothing.si()),
    "one that is replaced": lambda: tasks.replace_by_many.si([1, 2]),
    "one that starts others": tasks.start_canvas.si,
    "one that starts others later": lambda: tasks.start_children.si(2),
}


@pytest.mark.parametrize("kind", CANVASES)
def test_all_of_a_tree_has_the_tags_of_its_root(threads_worker: Child, ana: Any, kind: str) -> None:
    """So who may see its root may see all of it; a part keeps its own besides."""
    root = realtime.start(CANVASES[kind](), owner=ana, tags=[A, "nightly"]).root
    below = Job.objects.filter(root=root)
    ended = {"finished_at__isnull": True}
    wait_until(lambda: below.count() > 2 and not below.filter(**ended).exists(), "all to end", 60)
    assert {tuple(job.last["tags"]) for job in below} == {(A, "nightly")}
    found = Tag.objects.filter(job__root=root).values_list("tag", flat=True)
    assert sorted(found) == sorted([A, "nightly"] * below.count())


def test_a_part_keeps_its_own_tags_after_those_of_its_root() -> None:
    """The root's are never pushed out, however deep a tree is and however many tags there are."""
    tags = [f"root {number}" for number in range(TAGS)]
    above = Above("x", "x", None, "", tags)
    for level in range(3):
        own = [f"level {level} {number}" for number in range(TAGS)]
        above = Above("x", "x", None, "", tags_of(above, [*own, "too many", tags[0]]))
        assert above.tags == [*tags, *own]
