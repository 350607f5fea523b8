"""The Data page: opening a folder of 8,000 clips, and browsing 300,000 of them."""

import itertools
import statistics
import sys
import time
from pathlib import Path

from tests.benchmarks import clips, scene
from tests.benchmarks.figure import Figure

CLIPS_A_WORD = 1000
MANY = 300_000
OPENINGS, STEPS = 3, 40
TICK_MS = 5


def measure() -> list[Figure]:
    """Open a made folder in fresh windows, first without a cache; then step through a long list and filter it."""
    with scene.home_folder() as home:
        source, words = clips.clips_and_labels(home)
        folder = write_folder(home / "clips", source, words or tuple(path.name for path in sorted(source.iterdir())))
        # Settings of their own, or the folder of last time would be open before the clock starts.
        cold, *warm = [
            scene.play("data_page", home, str(folder), XDG_CONFIG_HOME=str(home / f"config {number}"))
            for number in range(1 + OPENINGS)
        ]
    count = cold["clips"]
    figures = [
        _opening(f"data page, {count:,} clips: table complete, cold", cold, cold["opened_s"], 8),
        _opening(
            f"data page, {count:,} clips: table complete, warm",
            {"late_ms": max(found["late_ms"] for found in warm)},
            statistics.median(found["opened_s"] for found in warm),
            2,
        ),
    ]
    for name, what, most in (("step", "one step down", 16), ("filter", "a letter in the filter", 100)):
        times_ms = sorted(ms for found in warm for ms in found[f"{name}_ms"])
        figures.append(
            Figure(
                f"clip browser, {MANY:,} clips: {what}",
                statistics.median(times_ms),
                "ms",
                {"median ms": statistics.median(times_ms), "p95 ms": times_ms[int(0.95 * len(times_ms))]},
                at_most=most,
            )
        )
    return figures


def _opening(name: str, found: dict[str, float], opened_s: float, at_most: float) -> Figure:
    return Figure(
        name,
        opened_s,
        "s",
        {"longest wait of the event loop meanwhile ms": found["late_ms"]},
        at_most=at_most,
        note=f"{clips.description()}, the files in the system's cache",
    )


def write_folder(folder: Path, source: Path, words: tuple[str, ...]) -> Path:
    """Copy clips of each word until there are a thousand, each copy by another speaker and different in a sample."""
    total = CLIPS_A_WORD * 8
    for word in words:
        (folder / word).mkdir(parents=True)
        paths = sorted((source / word).glob("*.wav"))
        for number in range(total // len(words)):
            content = bytearray(paths[number % len(paths)].read_bytes())
            content[-2 - 2 * (number // len(paths))] ^= 1
            speaker = f"{(int(paths[number % len(paths)].name[:8], 16) + 7919 * (number // len(paths))) % 2**32:08x}"
            (folder / word / f"{speaker}_nohash_{number}.wav").write_bytes(content)
    return folder


def main(folder: Path) -> None:
    """Play the scene."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtTest import QTest

    from tests.benchmarks.window import OpenedWindow

    with OpenedWindow() as opened:
        opened.until_ready()
        opened.window.show_page("Data")
        page = opened.window.page("Data")
        opened.settle()
        ticks = [time.perf_counter()]
        timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
        timer.start()
        if page.catalogue is not None:
            raise AssertionError("a folder is open before the clock starts")
        page.use_folder(str(folder))
        opened.until(lambda: page.catalogue is not None)
        page.repaint()
        opened.settle()
        found = {"opened_s": time.perf_counter() - ticks[0], "clips": page.browser.table.clips.rowCount()}
        timer.stop()
        found["late_ms"] = 1000 * max(later - earlier for earlier, later in itertools.pairwise(ticks))
        if "–" in page.labels.labels.index(1, 4).data():
            raise AssertionError("the table is not complete: its first label is in no part")
        table = page.browser.table
        page.browser.show_catalogue(_many())
        opened.settle()

        def step() -> None:
            QTest.keyClick(table, Qt.Key.Key_Down)
            table.viewport().repaint()

        def type_letter(letter: str) -> None:
            page.browser.filter.words.setText(letter)
            table.viewport().repaint()

        found["step_ms"] = [_milliseconds(step) for _ in range(STEPS)]
        found["filter_ms"] = [_milliseconds(lambda letter=letter: type_letter(letter)) for letter in "0123456789"]
    scene.answer(found)


def _many():
    """Return a catalogue of more clips than the whole of Speech Commands has; nobody listened to them."""
    import numpy as np

    from core.datasets.catalogue import COLUMNS, Catalogue, Dealing

    columns = np.zeros(MANY, COLUMNS)
    columns["twin"] = columns["used_as"] = columns["part"] = -1
    columns["seconds"] = 1
    columns["speaker"] = np.arange(MANY) // 100
    speakers = tuple(f"{number:08x}" for number in range(MANY // 100))
    names = tuple(f"go/{speakers[number // 100]}_nohash_{number % 100}.wav" for number in range(MANY))
    return Catalogue(Path("/many"), ("go", "_silence_", "_unknown_"), names, speakers, columns, {}, Dealing(), {})


def _milliseconds(act) -> float:
    started = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
