"""From a click on Train to the first batch that the window hears of."""

import shutil
import statistics
import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core.cache import cache_root
from core.events import BatchEnded, Event
from tests.benchmarks import clips, scene
from tests.benchmarks.figure import Figure
from tests.benchmarks.window import OpenedWindow, starter

STARTER = "reference-cnn"
COLD, WARM = 3, 7


def measure() -> list[Figure]:
    """Click Train in a real window with a warm worker, the cache of features empty and filled."""
    with scene.home_folder() as home:
        folder, labels = clips.clips_and_labels(home)
        heard = scene.play("first_batch", home, str(home / "study"), str(folder), *labels)
    warm, cold = statistics.median(heard["warm_s"]), statistics.median(heard["cold_s"])
    return [
        Figure(
            "Train click → first batch, features cached",
            warm,
            "s",
            {"features cached s": warm, "longest s": max(heard["warm_s"]), "nothing cached s": cold},
            at_most=2,
            note=f"{STARTER}, {clips.description()}, worker warm",
        )
    ]


def main(study: Path, folder: Path, labels: tuple[str, ...]) -> None:
    """Play the scene."""
    with OpenedWindow(study) as opened:
        opened.until_ready()
        times: dict[str, list[float]] = {"cold_s": [], "warm_s": []}
        for seed in range(COLD + WARM):
            cold = seed < COLD
            if cold:
                shutil.rmtree(cache_root(), ignore_errors=True)
            # Another seed is another base: what was trained before is not taken over.
            spec = starter(STARTER, folder, labels, training__seed=seed)
            times["cold_s" if cold else "warm_s"].append(click_and_wait(opened, spec))
    scene.answer(times)


def click_and_wait(opened: OpenedWindow, spec) -> float:
    """Put a spec into the form, click Train, and return the seconds until its first batch; cancel it then."""
    page = opened.window.page("Experiment")
    opened.window.show_page("Experiment")
    opened.session.spec_requested.emit(spec)
    opened.settle()
    heard_s: list[float] = []

    def hear(event: Event) -> None:
        if isinstance(event, BatchEnded):
            heard_s.append(time.perf_counter())

    with opened.listening(hear):
        clicked_s = time.perf_counter()
        QTest.mouseClick(page.train_button, Qt.MouseButton.LeftButton)
        opened.until(lambda: heard_s or opened.jobs.running is None)
    if not heard_s:
        raise RuntimeError("\n".join(opened.jobs.log))
    opened.jobs.cancel(opened.jobs.running.id)
    opened.until(lambda: opened.jobs.running is None)
    return heard_s[0] - clicked_s


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), tuple(sys.argv[3:]))
