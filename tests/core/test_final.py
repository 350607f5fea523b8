"""The final model: trained on every clip, and never said to be better than the trial it came from."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets.clips import find_clips
from core.datasets.edits import load_edits
from core.datasets.split import split_clips
from core.errors import DataError, StudyError, WorkbenchError
from core.events import EpochEnded, Event, ignore
from core.experiment import runner
from core.experiment.device_tasks import DEVICE_TASKS
from core.experiment.export import export_trial
from core.experiment.file_judgement import JudgedFile, judge_file
from core.experiment.final import add_final, final_spec
from core.experiment.long_recording import make_long_recording
from core.experiment.marks import ALL_CLIPS, accuracy_marks
from core.experiment.pareto import best_of
from core.experiment.store import Study
from core.results import TrialResult
from core.section import override
from core.spec import KeywordSpottingSpec, parse_spec
from core.tasks.registry import TASKS, find_data


@pytest.fixture
def study(tone_trial: Path, tmp_path: Path) -> Study:
    """A study of one's own with the finished trial of tones."""
    shutil.copytree(tone_trial.parents[1], tmp_path / "study")
    return Study.open(tmp_path / "study")


def only(study: Study) -> str:
    (trial,) = study.summaries()
    return trial.name


def spec_of(study: Study, name: str) -> KeywordSpottingSpec:
    spec = study.spec(name)
    assert isinstance(spec, KeywordSpottingSpec)
    return spec


def test_the_final_trial_learns_from_every_clip_and_takes_its_accuracy_from_its_origin(study: Study) -> None:
    origin = only(study)
    (study.folder_of(origin) / "detection.json").write_text(json.dumps({"threshold": 0.77}))
    judged = study.result(origin)
    assert judged is not None
    said: list[Event] = []
    name = add_final(study, origin)
    result = runner.run(study, name, said.append)
    spec = spec_of(study, name)
    found = find_clips(spec.dataset)
    assert result.num_training_examples == len(found.clips) > judged.num_training_examples
    assert (result.origin, result.quality) == (origin, judged.quality)
    assert result.validation_accuracy is None
    assert result.warnings[0] == (
        "Trained on every clip, so there is none to test it on: its accuracy is that of trial A, which had the same "
        "settings."
    )
    epochs = [event for event in said if isinstance(event, EpochEnded)]
    assert {(event.validation_loss, event.validation_accuracy) for event in epochs} == {(None, None)}
    assert len(epochs) == spec.training.epochs
    summary = study.summary(name)
    assert (summary.title, summary.origin, accuracy_marks(summary)) == ("Tones, all clips", origin, ALL_CLIPS)
    assert best_of(study.summaries()) == {origin}
    log = (study.folder_of(name) / "log.txt").read_text()
    assert f"of trial {origin}" in log and "on training clips" in log
    # It is put to use like any other.
    assert json.loads((study.folder_of(name) / "detection.json").read_text()) == {"threshold": 0.77}
    written = export_trial(study, name, "tflite", study.folder / "final.tflite")
    assert written[0].read_bytes() == (study.folder_of(name) / "model.tflite").read_bytes()
    model = study.folder_of(name) / "model.tflite"
    assert model.read_bytes() != (study.folder_of(origin) / "model.tflite").read_bytes()
    # Whatever would be measured on clips that it learnt from is refused.
    with pytest.raises(DataError, match=r"every clip \(split\.rule = all\) has none to be judged by"):
        TASKS[spec.task].judge_file(model, spec, (), "test", ignore)
    # Nor is it silent under a split that it was not trained by.
    final = JudgedFile(model, model.parent, spec, None, {})
    by_origin = replace(final, spec=spec_of(study, origin))
    for chosen, part in ((final, "all"), (by_origin, "test")):
        assert "trained on every clip" in judge_file(chosen, (), part, ignore).warnings[0]
    first = replace(by_origin, model=study.folder_of(origin) / "model.tflite", trial=study.folder_of(origin))
    assert "Among these clips" in judge_file(first, (), "all", ignore).warnings[0]
    assert not any("learnt by heart" in said for said in judge_file(first, (), "test", ignore).warnings)
    with pytest.raises(DataError, match="none is left to compare answers on"):
        DEVICE_TASKS[spec.task].pick(spec, 10, ignore)
    with pytest.raises(DataError, match="make one with the trial that it came from"):
        make_long_recording(spec, study.folder / "long.wav")
    # Asked for again it is found, and nothing is made of itself.
    assert add_final(study, origin) == name
    with pytest.raises(StudyError, match="trained on all clips already"):
        add_final(study, name)
    assert load_edits(found.folder) == {}


def ended(phase: str, epoch: int, accuracy: float, loss: float = 1.0) -> EpochEnded:
    return EpochEnded.model_validate(
        {"phase": phase, "epoch": epoch, "epochs": 9, "loss": 1, "validation_loss": loss, "accuracy": 1,
         "validation_accuracy": accuracy, "learning_rate": 1e-3, "sparsity": 0, "seconds": 1}
    )  # fmt: skip


def test_the_epochs_are_those_of_the_weights_that_were_kept(study: Study) -> None:
    spec, result = spec_of(study, only(study)), study.result(only(study))
    assert result is not None
    best = parse_spec(override(spec.model_dump(), "training.keep", "best_on_validation"))
    last = parse_spec(override(spec.model_dump(), "training.keep", "last"))
    pruned = parse_spec(override(best.model_dump(), "pruning.schedule", "constant"))
    events = [ended("training", 1, 0.5), ended("training", 2, 0.9, 0.4), ended("training", 3, 0.9, 0.3),
              ended("training", 4, 0.8)]  # fmt: skip
    tuned = [*events, ended("fine_tuning", 1, 0.99), ended("fine_tuning", 2, 0.7), ended("fine_tuning", 3, 0.6)]

    def epochs(of: object, said: list[EpochEnded], accuracy: float) -> tuple[int, int, str, str]:
        assert isinstance(of, KeywordSpottingSpec)
        found = final_spec(of, said, result_with(result, accuracy), "A")
        assert isinstance(found, KeywordSpottingSpec)
        return found.training.epochs, found.pruning.fine_tuning_epochs, found.training.keep, found.split.rule

    of_pruning = spec.pruning.fine_tuning_epochs
    assert epochs(best, events, 0.9) == (3, of_pruning, "last", "all")
    assert epochs(last, events, 0.8) == (4, of_pruning, "last", "all")
    # While weights were still being removed the best epoch was none to keep.
    assert epochs(pruned, tuned, 0.7) == (3, 2, "last", "all")


def result_with(result: TrialResult, accuracy: float) -> TrialResult:
    return result.model_copy(update={"validation_accuracy": accuracy})


def test_the_rule_leaves_two_parts_empty(tone_clips: Path) -> None:
    spec = parse_spec({"dataset": {"folder": str(tone_clips)}, "split": {"rule": "all"}})
    assert isinstance(spec, KeywordSpottingSpec)
    found = find_clips(spec.dataset)
    parts = split_clips(found, spec.split)
    assert np.array_equal(parts.train, np.arange(len(found.clips)))
    assert (len(parts.validation), len(parts.test), parts.warnings) == (0, 0, ())


def test_a_trial_on_all_clips_without_an_origin_is_refused(study: Study, tone_clips: Path) -> None:
    spec = parse_spec({"dataset": {"folder": str(tone_clips)}, "split": {"rule": "all"}})
    with pytest.raises(DataError, match="workbench finalize"):
        find_data([spec])
    name = study.add(spec)
    with pytest.raises(WorkbenchError, match="has none to be judged by"):
        runner.run(study, name)


def test_what_has_no_accuracy_has_no_final_trial(study: Study, tone_clips: Path) -> None:
    queued = study.add(parse_spec({"dataset": {"folder": str(tone_clips)}}))
    with pytest.raises(StudyError, match="trial B is queued; train it to its end"):
        add_final(study, queued)


def test_a_damaged_origin_is_named(study: Study) -> None:
    name = add_final(study, only(study))
    (study.folder_of(name) / "origin.json").write_text("{")
    with pytest.raises(WorkbenchError, match=r"origin\.json is damaged; delete the trial"):
        runner.run(study, name)
