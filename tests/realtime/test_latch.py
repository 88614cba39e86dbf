"""What makes two threads meet."""

from __future__ import annotations

from threading import Thread

from realtime.latch import Bell, Latch


def test_a_latch_lets_all_pass_once_it_is_open() -> None:
    """Who comes too early waits, who comes late does not; opening it twice changes nothing."""
    latch = Latch()
    assert not latch.wait(0.01)
    passed: list[bool] = []
    waiting = [Thread(target=lambda: passed.append(latch.wait(5))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    latch.open()
    latch.open()
    for thread in waiting:
        thread.join()
    assert passed == [True] * 3
    assert latch.wait(0)


def test_a_ring_is_heard_by_the_next_wait_and_by_no_other() -> None:
    """A bell that rang before it was waited for does not make its thread sleep."""
    bell = Bell()
    bell.ring()
    bell.ring()
    bell.wait(60)
    heard = Thread(target=bell.wait, args=(60,))
    heard.start()
    heard.join(0.05)
    assert heard.is_alive()
    bell.ring()
    heard.join(5)
    assert not heard.is_alive()
