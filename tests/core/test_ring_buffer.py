"""The newest samples, handed from one thread to another."""

import itertools
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from core.audio.ring_buffer import RingBuffer


def count_up(start: int, stop: int) -> np.ndarray:
    return np.arange(start, stop, dtype=np.float32)


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Let threads take turns a thousand times more often than usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


def test_samples_are_read_by_their_positions() -> None:
    ring = RingBuffer(10)
    ring.write(count_up(0, 7))
    assert ring.written == 7
    assert ring.read(2, 6).tolist() == [2, 3, 4, 5]
    ring.write(count_up(7, 14))
    assert (ring.oldest, ring.written) == (4, 14)
    assert ring.read(8, 13).tolist() == [8, 9, 10, 11, 12]
    assert ring.read(4, 14).tolist() == list(range(4, 14))


@pytest.mark.parametrize("block", [1, 3, 7, 10, 11, 23, 100])
def test_blocks_of_any_length_come_back_whole(block: int) -> None:
    ring = RingBuffer(10)
    for start in range(0, 300, block):
        ring.write(count_up(start, start + block))
        assert ring.written == start + block
        assert ring.latest(10).tolist() == [max(0, n) for n in range(start + block - 10, start + block)]


def test_what_is_gone_or_not_yet_there_is_left_out() -> None:
    ring = RingBuffer(10)
    ring.write(count_up(0, 25))
    assert ring.read(12, 18).tolist() == [15, 16, 17]
    assert ring.read(22, 30).tolist() == [22, 23, 24]
    assert ring.read(3, 9).tolist() == []
    assert ring.read(40, 50).tolist() == []
    assert ring.read(20, 20).tolist() == []


def test_the_latest_has_silence_in_front_where_there_is_no_more() -> None:
    ring = RingBuffer(10)
    assert ring.latest(3).tolist() == [0, 0, 0]
    ring.write(count_up(1, 4))
    assert ring.latest(5).tolist() == [0, 0, 1, 2, 3]
    ring.write(count_up(4, 20))
    assert ring.latest(12).tolist() == [0, 0, *range(10, 20)]


def test_what_was_read_is_a_copy() -> None:
    ring = RingBuffer(4)
    ring.write(count_up(0, 4))
    held = ring.read(0, 4)
    ring.write(count_up(4, 8))
    assert held.tolist() == [0, 1, 2, 3]


def test_a_reader_never_gets_a_sample_that_is_not_what_it_asked_for(quick_switches: None) -> None:
    """Each sample is its own position, counted anew after a while; the writer overtakes the reader again and again."""
    ring = RingBuffer(40_000)
    block, period = 3_000, 900_000
    blocks = [count_up(start, start + block) for start in range(0, period, block)]
    counted = np.tile(count_up(0, period), 2)
    enough = threading.Event()

    def write() -> None:
        for samples in itertools.cycle(blocks):
            ring.write(samples)
            if enough.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    whole = overtaken = torn = 0
    deadline = time.monotonic() + 60
    # The writer nearly always overtakes who reads almost all that is held, and hardly ever who reads half of it.
    for length in itertools.cycle((39_000, 20_000)):
        if min(whole, overtaken) >= 300 or torn or time.monotonic() > deadline:
            break
        stop = ring.written
        start = max(0, stop - length)
        found = ring.read(start, stop)
        first = (stop - len(found)) % period
        torn += not np.array_equal(found, counted[first : first + len(found)])
        whole += len(found) == stop - start > 0
        overtaken += len(found) < stop - start
    enough.set()
    writer.join()
    assert not torn
    assert min(whole, overtaken) >= 300
