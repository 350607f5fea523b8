"""What the estimate costs: from the spec alone, and from a key typed in the form to the figures on the card."""

import statistics
import time

from tests.benchmarks import clips, scene
from tests.benchmarks.figure import Figure

SPECS = ("reference-cnn", "eight-words-small")
ROUNDS = 50


def measure() -> list[Figure]:
    """Type digits into a field that changes the network, and call the estimate itself."""
    with scene.home_folder() as home:
        folder, _ = clips.clips_and_labels(home)
        heard = scene.play("estimates", home, str(folder))
    keystroke, plain = heard["keystroke_ms"], heard["estimate_ms"]
    return [
        Figure(
            "keystroke → estimate drawn",
            statistics.median(keystroke),
            "ms",
            {"median ms": statistics.median(keystroke), "p95 ms": sorted(keystroke)[int(0.95 * len(keystroke))]},
            at_most=50,
        ),
        Figure("estimate(spec)", statistics.median(plain), "ms", {"median ms": statistics.median(plain)}),
    ]


def main(folder: str) -> None:
    """Play the scene."""
    from pathlib import Path

    from PySide6.QtTest import QTest

    from core.estimate import estimate
    from tests.benchmarks.window import OpenedWindow, starter

    times: dict[str, list[float]] = {"keystroke_ms": [], "estimate_ms": []}
    with OpenedWindow() as opened:
        opened.until_ready()
        opened.window.show_page("Experiment")
        page = opened.window.page("Experiment")
        for file in SPECS:
            spec = starter(file, Path(folder), clips.WORDS if folder == str(clips.REAL_CLIPS) else ())
            opened.session.spec_requested.emit(spec)
            page.form.unfold(["features", "model", "training"])
            page.form.focus_field("model.filters")
            opened.settle()
            control = page.form.rows["model.filters"].editor.control
            rest = control.text()[1:]
            for number in range(ROUNDS):
                control.setText(rest)
                control.setCursorPosition(0)
                shown = page.estimate.figures["params"].text()
                started = time.perf_counter()
                QTest.keyClick(control, str((number + 2) % 9 + 1))
                opened.settle()
                times["keystroke_ms"].append(1000 * (time.perf_counter() - started))
                if page.estimate.figures["params"].text() == shown:
                    raise AssertionError(f"the estimate stayed {shown} although {control.text()} was typed")
            for _ in range(ROUNDS):
                started = time.perf_counter()
                estimate(spec)
                times["estimate_ms"].append(1000 * (time.perf_counter() - started))
    scene.answer(times)


if __name__ == "__main__":
    import sys

    main(sys.argv[1])
