"""How late the window's event loop comes while the worker trains on every core and the page draws it."""

import itertools
import statistics
import sys
import time
from pathlib import Path

import psutil

from tests.benchmarks import clips, scene
from tests.benchmarks.figure import Figure
from tests.benchmarks.trials_page import write_study

STARTER = "reference-cnn"
TICK_MS = 5
SECONDS = 20
FINISHED = 200  # Trials in the study already; one of them is selected, as when one compares while it trains.
PAGES = ("Experiment", "Trials")


def measure() -> list[Figure]:
    """Let a 5 ms timer measure its lateness for 20 s on each page."""
    with scene.home_folder() as home:
        folder, labels = clips.clips_and_labels(home)
        write_study(home / "study", FINISHED)
        heard = scene.play("event_loop", home, str(home / "study"), str(folder), *labels)
    figures = []
    for page in PAGES:
        late = heard[page]
        figures.append(
            Figure(
                f"event loop p99 delay while training, {page}",
                late["p99_ms"],
                "ms",
                {
                    "median ms": late["median_ms"],
                    "p99 ms": late["p99_ms"],
                    "longest ms": late["longest_ms"],
                    "longest work of its own ms": late["longest_work_ms"],
                    "window % of a core": late["window_percent"],
                    "worker % of a core": late["worker_percent"],
                    "batch events heard": late["events"],
                },
                at_most=50,
            )
        )
    return figures


def main(study: Path, folder: Path, labels: tuple[str, ...]) -> None:
    """Play the scene."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from core.events import BatchEnded, EpochEnded, Event
    from tests.benchmarks.window import OpenedWindow, starter

    heard: list[float] = []
    epochs: list[int] = []

    def hear(event: Event) -> None:
        if isinstance(event, BatchEnded):
            heard.append(time.perf_counter())
        elif isinstance(event, EpochEnded):
            epochs.append(event.epoch)

    with OpenedWindow(study) as opened:
        opened.until_ready()
        opened.window.show_page("Experiment")
        opened.session.spec_requested.emit(starter(STARTER, folder, labels, training__epochs=1000))
        opened.settle()
        with opened.listening(hear):
            QTest.mouseClick(opened.window.page("Experiment").train_button, Qt.MouseButton.LeftButton)
            opened.until(lambda: len(epochs) > 1)
            opened.session.select((opened.session.study.summaries()[0].name,))
            found = {}
            for page in PAGES:
                opened.window.show_page(page)
                opened.settle()
                found[page] = _lateness(opened, heard)
        opened.jobs.cancel(opened.jobs.running.id)
        opened.until(lambda: opened.jobs.running is None)
    scene.answer(found)


def _lateness(opened, heard: list[float]) -> dict[str, float]:
    from PySide6.QtCore import Qt, QTimer

    worker = psutil.Process(opened.jobs.process_id)
    before, started, num_heard = worker.cpu_times(), time.perf_counter(), len(heard)
    ticks, worked = [started], [time.thread_time()]

    def tick() -> None:
        ticks.append(time.perf_counter())
        worked.append(time.thread_time())

    timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start()
    opened.until(lambda: time.perf_counter() - started > SECONDS)
    timer.stop()
    after, seconds = worker.cpu_times(), time.perf_counter() - started
    delays_ms = sorted(_delays_ms(ticks))
    return {
        "median_ms": statistics.median(delays_ms),
        "p99_ms": delays_ms[int(0.99 * len(delays_ms))],
        "longest_ms": delays_ms[-1],
        "longest_work_ms": 1000 * max(later - earlier for earlier, later in itertools.pairwise(worked)),
        "window_percent": 100 * (worked[-1] - worked[0]) / seconds,
        "worker_percent": 100 * (after.user + after.system - before.user - before.system) / seconds,
        "events": len(heard) - num_heard,
    }


def _delays_ms(ticks: list[float]) -> list[float]:
    """Return the delay of every event that could have come, one each 5 ms, also of those a late tick swallowed."""
    delays = []
    for earlier, later in itertools.pairwise(ticks):
        late_ms = 1000 * (later - earlier) - TICK_MS
        delays.append(max(0.0, late_ms))
        while late_ms > TICK_MS:
            late_ms -= TICK_MS
            delays.append(late_ms)
    return delays


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), tuple(sys.argv[3:]))
