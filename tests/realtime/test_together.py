"""What many want to know at once is asked as few questions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from realtime.together import MOST, Together


class Library:
    """Answers when it is let; notes what it was asked."""

    def __init__(self) -> None:
        self.questions: list[list[str]] = []
        self.gate = threading.Event()
        self.asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def answer(self, keys: list[str]) -> dict[str, str]:
        """Know every key but "none", and fail at "broken"."""
        self.questions.append(keys)
        self._loop.call_soon_threadsafe(self.asked.set)
        assert self.gate.wait(5)
        if "broken" in keys:
            raise OSError("the library is closed")
        return {key: key.upper() for key in keys if key != "none"}


@pytest.fixture
async def library(settings: Any) -> AsyncIterator[Library]:
    """Return a library, which one at a time may ask."""
    settings.HEADWAY = {**settings.HEADWAY, "WEB_THREADS": 1}
    one = Library()
    yield one
    one.gate.set()


async def begun(library: Library, together: Together[str], key: str) -> asyncio.Task[Any]:
    """Ask, and return once the question is asked."""
    first = asyncio.create_task(together.ask([key]))
    await library.asked.wait()
    return first


async def test_whoever_comes_while_others_wait_is_asked_for_with_them(library: Library) -> None:
    """Not with those for whom is asked already: what has changed since would be missed."""
    together = Together(library.answer)
    first = await begun(library, together, "a")
    others = [asyncio.create_task(together.ask([f"b{one % 250}"])) for one in range(500)]
    again = asyncio.create_task(together.ask(["a", "none"]))
    await asyncio.sleep(0)
    library.gate.set()
    assert await first == {"a": "A"}
    assert await asyncio.gather(*others) == [
        {f"b{one % 250}": f"B{one % 250}"} for one in range(500)
    ]
    assert await again == {"a": "A"}
    assert max(map(len, library.questions)) <= MOST
    assert len(library.questions) < 10


async def test_who_gives_up_does_not_take_the_answer_from_others(library: Library) -> None:
    """They wait for the same answer, which comes all the same."""
    together = Together(library.answer)
    first = await begun(library, together, "a")
    gone, *others = [asyncio.create_task(together.ask(["b"])) for _ in range(3)]
    await asyncio.sleep(0)
    gone.cancel()
    library.gate.set()
    assert await first == {"a": "A"}
    assert await asyncio.gather(*others) == [{"b": "B"}] * 2
    assert gone.cancelled()


async def test_what_is_raised_reaches_all_who_asked_and_nobody_after_them(
    library: Library,
) -> None:
    """The next question is asked as if nothing had been."""
    together = Together(library.answer)
    library.gate.set()
    asked = [together.ask([key]) for key in ("broken", "b")]
    assert [repr(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [
        "OSError('the library is closed')"
    ] * 2
    assert await together.ask(["b"]) == {"b": "B"}
