"""Questions of many that are asked as one: whoever comes while others wait is asked for with them.

Two thousand browsers come back in the second after a restart. One question for each of them costs
more than a process has, and those who gave up waiting only ask again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from realtime.conf import conf
from realtime.threads import in_thread

Answer = TypeVar("Answer")

MOST = 100
"""Keys in one question: a back end that needs a query for each does not hold up everybody."""


class Together(Generic[Answer]):
    """Asks what takes many keys as well as one, in threads, for all who want to know it now."""

    def __init__(self, call: Callable[[list[str]], dict[str, Answer]]) -> None:
        """Prepare; `call` returns the answers by key, and leaves out what it does not know."""
        self._call = call
        self._questions: deque[_Question[Answer]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Return the answers to these keys, asked for after this was called; raises what it does.

        Nobody who gives up takes the answer from the others.
        """
        wanted = list(keys)
        question = self._open()
        question.keys.update(dict.fromkeys(wanted))
        if len(self._tasks) < conf.WEB_THREADS:
            self._work()
        answers = await asyncio.shield(question.answers)
        return {key: answers[key] for key in wanted if key in answers}

    def _open(self) -> _Question[Answer]:
        """Return the question to which keys may still be added."""
        if not self._questions or len(self._questions[-1].keys) >= MOST:
            self._questions.append(_Question())
        return self._questions[-1]

    def _work(self) -> None:
        task = asyncio.create_task(self._work_off())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self) -> None:
        while self._questions:
            question = self._questions.popleft()
            try:
                question.answers.set_result(await in_thread(self._call, list(question.keys)))
            except Exception as error:  # noqa: BLE001  it is raised where it was asked
                question.answers.set_exception(error)
            except asyncio.CancelledError:
                question.answers.cancel()
                raise


class _Question(Generic[Answer]):
    """What is asked in one go."""

    def __init__(self) -> None:
        self.keys: dict[str, None] = {}
        self.answers: asyncio.Future[dict[str, Answer]] = asyncio.get_running_loop().create_future()
