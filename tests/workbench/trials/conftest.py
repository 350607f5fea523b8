"""Studies on disk with trials in every state, written in the schema of core.results."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from core.events import EpochEnded, TrialFailed, TrialStarted, TrialStopped, to_line
from core.experiment.store import Study
from core.results import Classification, Footprint, LabelScore, Latency, Timing, TrialResult
from core.spec import parse_spec
from workbench.pages.trials import TrialsPage

LABELS = ("go", "stop")


def make_spec(**changes):
    """A valid spec; `changes` are sections."""
    return parse_spec({"dataset": {"folder": "clips", "labels": list(LABELS)}, **changes})


def make_confusion(num_right, num_clips):
    half = num_clips // 2
    wrong = num_clips - num_right
    first = wrong // 2
    return ((half - first, first), (wrong - first, num_clips - half - (wrong - first)))


def make_timing(median_ms):
    return Timing(median_ms=median_ms, p90_ms=1.2 * median_ms, p99_ms=1.5 * median_ms, num_runs=200, warmup_runs=20)


def make_latency(total_ms, **changes):
    return Latency(
        device="this machine",
        num_threads=1,
        feature=make_timing(0.4 * total_ms),
        inference=make_timing(0.6 * total_ms),
        total=make_timing(total_ms),
        **changes,
    )


def make_result(num_right=393, num_clips=400, zip_kb=5.9, total_ms=0.41, latencies=None, **changes):
    confusion = make_confusion(num_right, num_clips)
    columns = list(zip(*confusion, strict=True))
    per_label = tuple(
        LabelScore(
            label=label,
            num_clips=sum(confusion[index]),
            precision=confusion[index][index] / max(1, sum(columns[index])),
            recall=confusion[index][index] / max(1, sum(confusion[index])),
        )
        for index, label in enumerate(LABELS)
    )
    zip_bytes = round(zip_kb * 1024)
    return TrialResult(
        quality=Classification(labels=LABELS, confusion=confusion, per_label=per_label),
        footprint=Footprint(
            tflite_bytes=round(1.37 * zip_bytes),
            zip_bytes=zip_bytes,
            full_tflite_bytes=round(1.6 * zip_bytes),
            params=round(zip_bytes / 1.1),
            nonzero_params=round(zip_bytes / 1.3),
            macs=zip_bytes * 90,
            peak_ram_bytes=zip_bytes * 3,
        ),
        latencies=latencies if latencies is not None else (make_latency(total_ms),),
        **{"validation_accuracy": num_right / num_clips, "training_seconds": 61.5, "num_training_clips": 2000}
        | changes,
    )


def make_epochs(epochs, last=None, planned=20):
    rng = np.random.default_rng(epochs)
    gains = np.linspace(0.6, last or 0.97, epochs)
    return [
        EpochEnded(
            phase="training",
            epoch=index + 1,
            epochs=planned,
            loss=float(1.4 - gain),
            accuracy=float(gain),
            validation_loss=float(1.45 - gain + 0.02 * rng.random()),
            validation_accuracy=float(gain),
            learning_rate=0.01 * (1 - index / planned),
            sparsity=0.0,
            seconds=3.1,
        )
        for index, gain in enumerate(gains)
    ]


class StudyMaker:
    """Writes trials into a real study folder."""

    def __init__(self, folder):
        self.study = Study.create(folder, "go-stop")

    def finished(self, title="", result=None, **changes):
        name = self.study.add(make_spec(name=title, **changes))
        folder = self.study.folder_of(name)
        self._say(name, [TrialStarted(trial=name), *make_epochs(20)])
        (folder / "result.json").write_text((result or make_result()).model_dump_json())
        (folder / "model.tflite").write_bytes(b"TFL3" * 512)
        (folder / "model.tflite.zip").write_bytes(b"PK\x03\x04" * 256)
        self.study.refresh()
        return name

    def queued(self, title="", **changes):
        return self.study.add(make_spec(name=title, **changes))

    def failed(self, title="", message="the disk is full; free some space and resume the trial", **changes):
        name = self.study.add(make_spec(name=title, **changes))
        self._say(name, [TrialStarted(trial=name), *make_epochs(3), TrialFailed(trial=name, message=message)])
        return name

    def cancelled(self, title="", **changes):
        name = self.study.add(make_spec(name=title, **changes))
        self._say(name, [TrialStarted(trial=name), *make_epochs(5), TrialStopped(trial=name)])
        return name

    def started(self, title="", epochs=7, **changes):
        """A trial whose folder says it runs; hold its lock to make that true."""
        name = self.study.add(make_spec(name=title, **changes))
        self._say(name, [TrialStarted(trial=name), *make_epochs(epochs, last=0.95)])
        return name

    def _say(self, name, events):
        with (self.study.folder_of(name) / "events.jsonl").open("a") as file:
            file.writelines(to_line(event) for event in events)
        self.study.refresh()


@pytest.fixture
def maker(tmp_path):
    return StudyMaker(tmp_path / "go-stop")


SEVEN = (
    ("Baseline", 390, 429.5, 9.14, {}),
    ("DSC", 392, 50.8, 5.89, {"model": {"family": "ds_cnn"}}),
    ("WS", 394, 27.3, 5.72, {"model": {"width_multiplier": 0.25}}),
    ("WP", 388, 181.1, 9.37, {"pruning": {"schedule": "polynomial"}}),
    ("DSC+WP", 391, 22.8, 5.77, {"model": {"family": "ds_cnn"}, "pruning": {"schedule": "polynomial"}}),
    ("DSC+WS", 392, 7.9, 5.40, {"model": {"family": "ds_cnn", "width_multiplier": 0.25}}),
    (
        "DSC+WP+WS",
        393,
        5.9,
        5.41,
        {"model": {"family": "ds_cnn", "width_multiplier": 0.25}, "pruning": {"schedule": "polynomial"}},
    ),
)


@pytest.fixture
def seven(maker):
    """Seven finished trials, A to G; A is the reference."""
    names = [
        maker.finished(title, make_result(num_right, 400, zip_kb, total_ms), **changes)
        for title, num_right, zip_kb, total_ms, changes in SEVEN
    ]
    assert all(later > earlier for earlier, later in pairwise(names))
    maker.study.set_reference(names[0])
    return names


class Submitted:
    """Stands where the worker's queue is; keeps what it was asked."""

    def __init__(self):
        self.intentions = []

    def submit(self, intention):
        self.intentions.append(intention)
        return "1"


@pytest.fixture
def submitted():
    return Submitted()


@pytest.fixture
def open_page(qtbot, themed, session, preferences, submitted):
    def build(study=None):
        if study is not None:
            session.open_study(study.folder)
        page = TrialsPage(session, submitted, preferences)
        qtbot.addWidget(page)
        # A size of its own: the offscreen platform warns of one that follows the layout.
        page.setMinimumSize(1280, 800)
        with qtbot.waitExposed(page):
            page.show()
        QApplication.processEvents()
        return page

    return build
