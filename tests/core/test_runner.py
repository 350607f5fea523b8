"""Trials run for real: what they leave behind, what they share, and how they fail."""

import errno
import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest
from filelock import FileLock

from core.errors import DataError, StudyError, TrialCancelled, WorkbenchError
from core.events import EpochEnded, Event, StageStarted, TrialFailed, TrialFinished
from core.experiment.store import Study, TrialState
from core.experiment.trial_folder import lock_path
from core.spec import TrialSpec, parse_spec

with warnings.catch_warnings():
    # TensorFlow's optimization toolkit compares versions by a class that is on its way out.
    warnings.simplefilter("ignore", DeprecationWarning)
    from core.experiment import latencies, pool, runner

ROOT = Path(__file__).parents[2]


def tiny(clips: Path, **changes) -> TrialSpec:
    values = {
        "dataset": {"folder": str(clips)},
        "features": {"frame_length_ms": 64, "frame_step_ms": 64},
        "model": {"family": "ds_cnn", "filters": [8, 8], "strides": [[2, 2], [1, 1]]},
        "training": {"epochs": 2, "batch_size": 20},
        "measurement": {"num_runs": 20, "warmup_runs": 2},
    }
    return parse_spec(values | changes)


def pruned(clips: Path, sparsity: float) -> TrialSpec:
    schedule = {"schedule": "polynomial", "final_sparsity": sparsity, "fine_tuning_epochs": 2}
    return tiny(clips, name=f"sparsity {sparsity}", pruning=schedule)


@pytest.fixture
def study(tmp_path) -> Study:
    return Study.create(tmp_path / "study")


def test_a_trial_leaves_its_files_and_its_story(study, tone_clips):
    said: list[Event] = []
    name = study.add(tiny(tone_clips))
    result = runner.run(study, name, said.append)
    folder = study.folder_of(name)
    assert {path.name for path in folder.iterdir()} >= {
        "spec.json", "events.jsonl", "result.json", "log.txt", "preprocessing.json", "model.keras", "model.tflite",
        "model.full.tflite", "model.tflite.zip",
    }  # fmt: skip
    assert not (folder / "checkpoint").exists()
    assert study.result(name) == result
    assert study.events(name) == said
    assert isinstance(said[-1], TrialFinished)
    assert said[-1].result == result
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert "training epoch 2/2" in log
    assert "finished: accuracy" in log
    before = (folder / "events.jsonl").read_bytes()
    assert runner.run(study, name) == result
    assert (folder / "events.jsonl").read_bytes() == before


def test_a_failure_is_a_sentence_in_the_trial_and_can_be_mended(study, own_tone_clips):
    hidden = own_tone_clips.with_name("moved away")
    name = study.add(tiny(own_tone_clips))
    own_tone_clips.rename(hidden)
    said: list[Event] = []
    with pytest.raises(WorkbenchError, match="own tones"):
        runner.run(study, name, said.append)
    assert isinstance(said[-1], TrialFailed)
    study.refresh()
    assert study.summary(name).state is TrialState.FAILED
    assert "own tones" in study.summary(name).message
    hidden.rename(own_tone_clips)
    runner.run(study, name)
    study.refresh()
    assert study.summary(name).state is TrialState.FINISHED


def test_errors_are_explained_by_what_to_do(tmp_path):
    full = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "model.tflite"))
    assert "free some space" in runner.explain(full, tmp_path)[0]
    assert "free some space" in runner.explain(RuntimeError("x.npz; No space left on device"), tmp_path)[0]
    assert "smaller batch_size" in runner.explain(MemoryError(), tmp_path)[0]
    assert runner.explain(DataError("a.wav is empty"), tmp_path) == ("a.wav is empty", "")
    message, details = runner.explain(ZeroDivisionError("by zero"), tmp_path)
    assert "unexpected ZeroDivisionError: by zero" in message
    assert "Traceback" in details or "ZeroDivisionError" in details


FULL = """
    import resource, signal, sys
    from core.errors import WorkbenchError
    from core.experiment import runner
    from core.experiment.store import Study
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    study = Study.open(sys.argv[1])
    finished, waiting = (trial.name for trial in study.summaries())
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
    try:
        runner.run(study, waiting)
    except WorkbenchError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_a_disk_that_fills_while_training_costs_no_finished_trial(study, tone_clips):
    finished, waiting = study.add(tiny(tone_clips)), study.add(tiny(tone_clips, training={"epochs": 3}))
    result = runner.run(study, finished)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", textwrap.dedent(FULL), str(study.folder)]
    output = subprocess.run(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ).stdout
    assert "no room left on the disk" in output
    again = Study.open(study.folder)
    assert again.result(finished) == result
    assert again.summary(waiting).state is TrialState.FAILED
    runner.run(again, waiting)
    again.refresh()
    assert again.summary(waiting).state is TrialState.FINISHED


def test_remeasuring_compares_with_todays_reference(study, tone_clips):
    names = [study.add(tiny(tone_clips)), study.add(tiny(tone_clips, quantization={"scheme": "float32"}))]
    runner.run_all(study, names)
    assert study.reference == names[0]
    study.set_reference(names[1])
    assert latencies.remeasure(study, names) == names
    for name in names:
        (latency,) = study.result(name).latencies
        assert latency.reference_trial == names[1]
    assert study.summary(names[1]).latencies[0].saving == 0
    assert study.result(names[0]).latencies[0].saving is not None


def test_a_sweep_trains_a_shared_base_once_and_measures_in_quiet(study, tone_clips, tmp_path):
    names = [study.add(spec) for spec in (tiny(tone_clips), pruned(tone_clips, 0.5), pruned(tone_clips, 0.8))]
    said: list[Event] = []
    missing = study.add(tiny(tmp_path / "nowhere"))
    with pytest.raises(WorkbenchError, match=r"1 of 4 trials failed. D: .*nowhere"):
        pool.run_many(study, [missing, *names], 2, said.append)
    assert [trial.state for trial in study.summaries()] == [TrialState.FINISHED] * 3 + [TrialState.FAILED]
    trained = [
        name
        for name in names
        if not any(
            "trained before" in event.note for event in said if isinstance(event, StageStarted) and event.trial == name
        )
    ]
    assert len(trained) == 1
    for name in names:
        epochs = [event for event in said if isinstance(event, EpochEnded) and event.trial == name]
        assert [event.epoch for event in epochs if event.phase == "training"] == [1, 2]
        (latency,) = study.result(name).latencies
        assert not latency.contended
        assert latency.reference_trial == names[0]
        kept = [event for event in study.events(name) if isinstance(event, TrialFinished)]
        assert [event.result.latencies[0].contended for event in kept] == [True, False]
        assert [event for event in said if isinstance(event, TrialFinished) and event.trial == name] == kept
    sparse = study.result(names[2]).footprint
    assert sparse.nonzero_params < study.result(names[1]).footprint.nonzero_params < sparse.params
    assert not [path for path in study.folder.iterdir() if path.name.startswith(".going")]


def test_a_cancelled_sweep_stops_every_process_and_keeps_what_is_finished(study, tone_clips):
    endless = {"epochs": 1000, "batch_size": 2, "initial_learning_rate": 0.0001}
    quick, *slow = [
        study.add(tiny(tone_clips)),
        study.add(tiny(tone_clips, training=endless)),
        study.add(tiny(tone_clips, training={**endless, "seed": 1})),
    ]
    running: set[str] = set()

    def cancel_when_both_run(event: Event) -> None:
        if isinstance(event, EpochEnded):
            running.add(event.trial)
        if running >= set(slow):
            raise TrialCancelled

    with pytest.raises(TrialCancelled):
        pool.run_many(study, [quick, *slow], 2, cancel_when_both_run)
    study.refresh()
    assert study.summary(quick).state is TrialState.FINISHED
    assert study.summary(quick).latencies[0].contended
    assert [study.summary(name).state for name in slow] == [TrialState.CANCELLED] * 2


def test_a_trial_that_runs_elsewhere_is_left_alone(study, tone_clips):
    name = study.add(tiny(tone_clips))
    with FileLock(lock_path(study.folder_of(name))), pytest.raises(StudyError, match="running in another process"):
        runner.run(study, name)
    assert study.events(name) == []


def test_a_scheduler_that_is_not_there_is_said(study, tone_clips):
    name = study.add(tiny(tone_clips))
    with pytest.raises((WorkbenchError, StudyError), match=r"distributed|scheduler"):
        pool.run_many(study, [name], 1, scheduler="tcp://127.0.0.1:9")
    assert study.summary(name).state is TrialState.QUEUED
