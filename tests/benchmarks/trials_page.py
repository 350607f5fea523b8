"""5,000 trials: listed by the command, and on the Trials page opened and drawn again."""

import itertools
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks import scene
from tests.benchmarks.figure import Figure

NUM_TRIALS = 5000
LABELS = ("go", "stop")
NUM_CLIPS = 134
OPENINGS, REDRAWS = 3, 40
SETTLED_S = 0.15  # Pages redraw at most every 33 ms.


def measure() -> list[Figure]:
    """List a study of 5,000 finished trials, open it in fresh windows, and draw its page again and again."""
    with scene.home_folder() as home:
        write_study(home / "study", NUM_TRIALS)
        listed = [_list_trials(home, home / "study") for _ in range(1 + OPENINGS)]
        (home / "study" / ".index.json").unlink()
        scenes = [scene.play("trials_page", home, str(home / "study")) for _ in range(1 + OPENINGS)]
    first, later = scenes[0], scenes[1:]
    opened_s = statistics.median(found["opened_s"] for found in later)
    redraws = {name: [ms for found in later for ms in found[name]] for name in later[0] if name.endswith("_ms")}
    figures = [
        Figure(
            f"workbench trials, {NUM_TRIALS:,} trials",
            statistics.median(listed[1:]),
            "s",
            {"first time, without index s": listed[0]},
            at_most=3,
        ),
        Figure(
            f"trials page, {NUM_TRIALS:,} trials: opens",
            opened_s,
            "s",
            {
                "study s": statistics.median(found["study_s"] for found in later),
                "page s": statistics.median(found["page_s"] for found in later),
                "first time, without index s": first["opened_s"],
            },
            at_most=1,
        ),
    ]
    names = {
        "repaint_ms": "redraws",
        "zoom_ms": "redraws at a turn of the wheel",
        "change_ms": "redraws after a trial changed",
    }
    for key, words in names.items():
        ordered = sorted(redraws[key])
        figures.append(
            Figure(
                f"trials page, {NUM_TRIALS:,} trials: {words}",
                statistics.median(ordered),
                "ms",
                {"median ms": statistics.median(ordered), "p95 ms": ordered[int(0.95 * len(ordered))]},
                at_most=16,
            )
        )
    return figures


def _list_trials(home: Path, study: Path) -> float:
    """Return the seconds that the command takes, from the start of its process to its end."""
    command = [sys.executable, "-m", "workbench", "trials", str(study)]
    started_s = time.monotonic()
    listed = subprocess.run(command, cwd=scene.ROOT, env=scene.environment(home), capture_output=True, check=True)
    taken_s = time.monotonic() - started_s
    assert listed.stdout.count(b"\n") > NUM_TRIALS
    return taken_s


def write_study(folder: Path, count: int) -> None:
    """Write a study of finished trials as the program keeps them, with figures spread as those of a long search."""
    from core.events import EpochEnded, TrialStarted, to_line
    from core.experiment import trial_folder
    from core.experiment.store import Study
    from core.spec import identity, parse_spec

    study = Study.create(folder)
    draw = random.Random(0)
    story = [
        TrialStarted(),
        *(
            EpochEnded(
                phase="training",
                epoch=epoch,
                epochs=20,
                loss=1 / epoch,
                accuracy=1 - 0.5 / epoch,
                validation_loss=1.1 / epoch,
                validation_accuracy=1 - 0.6 / epoch,
                learning_rate=0.01,
                sparsity=0,
                seconds=1,
            )
            for epoch in range(1, 21)
        ),
    ]
    told = "".join(to_line(event) for event in story)
    for number in range(1, count + 1):
        width = draw.choice((0.25, 0.5, 0.75, 1.0))
        sparsity = round(draw.uniform(0.3, 0.9), 3)
        spec = parse_spec(
            {
                "name": f"width {width}, sparsity {sparsity}",
                "dataset": {"folder": "/clips", "labels": LABELS},
                "model": {"family": draw.choice(("cnn", "ds_cnn")), "width_multiplier": width},
                "training": {"seed": number},
                "pruning": {"schedule": "polynomial", "final_sparsity": sparsity},
            }
        )
        path = study.folder / "trials" / f"{number:04d}-{identity(spec)}"
        path.mkdir()
        trial_folder.write_spec(path, spec, 1.7e9 + number)
        (path / "events.jsonl").write_text(told)
        (path / "result.json").write_text(_result(draw).model_dump_json(indent=1))


def _result(draw: random.Random):
    from core.results import Classification, Footprint, LabelScore, Latency, Timing, TrialResult

    params = int(10 ** draw.uniform(3.2, 6))
    zip_bytes = int(params * draw.uniform(0.6, 3.6))
    wrong = min(NUM_CLIPS // 2, int(draw.expovariate(0.12)) + (params < 6000) * draw.randint(0, 9))
    half = NUM_CLIPS // 2
    right = half - wrong // 2
    total_ms = 0.25 + params / 1e5 * draw.uniform(0.8, 1.6)

    def timing(median_ms: float) -> Timing:
        return Timing(median_ms=median_ms, p90_ms=1.1 * median_ms, p99_ms=1.4 * median_ms, num_runs=200, warmup_runs=20)

    return TrialResult(
        quality=Classification(
            labels=LABELS,
            confusion=((right, half - right), (wrong - (half - right), NUM_CLIPS - half - wrong + (half - right))),
            per_label=tuple(LabelScore(label=label, num_clips=half, precision=0.9, recall=0.9) for label in LABELS),
        ),
        footprint=Footprint(
            tflite_bytes=int(1.3 * zip_bytes),
            zip_bytes=zip_bytes,
            full_tflite_bytes=int(1.5 * zip_bytes),
            params=params,
            nonzero_params=int(0.6 * params),
            macs=40 * params,
            peak_ram_bytes=60_000,
        ),
        latencies=(
            Latency(
                device="this machine",
                num_threads=1,
                feature=timing(0.2),
                inference=timing(total_ms - 0.2),
                total=timing(total_ms),
            ),
        ),
        validation_accuracy=0.95,
        training_seconds=60,
        num_training_clips=500,
    )


def main(study: Path) -> None:
    """Play the scene."""
    from PySide6.QtWidgets import QWidget

    from tests.benchmarks.window import OpenedWindow

    def drawn(widget: QWidget) -> None:
        widget.repaint()
        opened.settle()

    with OpenedWindow() as opened:
        opened.until_ready()
        opened.window.show_page("Experiment")
        opened.settle()
        started = time.perf_counter()
        opened.session.open_study(study)
        study_s = time.perf_counter() - started
        opened.window.show_page("Trials")
        page = opened.window.page("Trials")
        drawn(page)
        opened_s = time.perf_counter() - started
        _require_drawn(page)
        times: dict[str, list[float]] = {"repaint_ms": [], "zoom_ms": [], "change_ms": []}
        # A chart that kept its picture would repaint from it; the wheel makes both draw, for they share an axis.
        charts = [chart for chart in page.findChildren(QWidget) if hasattr(chart, "getPlotItem") and chart.isVisible()]
        names = [summary.name for summary in opened.session.study.summaries()]
        for number in range(REDRAWS):
            times["repaint_ms"].append(_milliseconds(lambda: drawn(page)))

            def zoom(angle: int = 120 if number % 2 else -120) -> None:
                opened.app.sendEvent(charts[0].viewport(), _wheel(charts[0].viewport(), angle))
                opened.settle()

            times["zoom_ms"].append(_milliseconds(zoom))
            changed = frozenset([names[number * 7 % len(names)]])
            times["change_ms"].append(
                _longest_block_ms(opened, lambda changed=changed: opened.session.trials_changed.emit(changed))
            )
    scene.answer({"study_s": study_s, "page_s": opened_s - study_s, "opened_s": opened_s, **times})


def _require_drawn(page) -> None:
    """A page that had not drawn its charts yet would look open to the clock alone."""
    picture = page.grab().toImage()
    colours = {picture.pixel(x, y) for x in range(0, picture.width(), 5) for y in range(0, picture.height(), 5)}
    if len(colours) < 20:
        raise AssertionError(f"the page shows {len(colours)} colours only; it was not drawn")


def _wheel(viewport, angle: int):
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent

    place = QPointF(viewport.rect().center())
    nothing_else = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    return QWheelEvent(place, viewport.mapToGlobal(place), QPoint(), QPoint(0, angle), *nothing_else, False)


def _longest_block_ms(opened, act) -> float:
    """Return the longest time that events had to wait while the page did what follows from an act."""
    from PySide6.QtCore import QTimer

    ticks = [time.perf_counter()]
    timer = QTimer(interval=0)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    act()
    opened.until(lambda: time.perf_counter() - ticks[0] > SETTLED_S)
    timer.stop()
    return 1000 * max(later - earlier for earlier, later in itertools.pairwise(ticks))


def _milliseconds(act) -> float:
    started = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        write_study(Path(sys.argv[1]), int(sys.argv[2]))
        print(json.dumps({"written": int(sys.argv[2])}))
    else:
        main(Path(sys.argv[1]))
