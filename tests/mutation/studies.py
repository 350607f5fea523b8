"""Files of a study with finished trials, damaged: opened, listed, shown, listened and forecast with."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy as np
from typer.testing import CliRunner

from core.audio.wav import Sound
from core.datasets.edits import load_edits
from core.datasets.frame import load_frame
from core.datasets.preprocessing import Preprocessing, load_preprocessing
from core.evaluation.detection import DetectionSettings
from core.evaluation.forecasting import load_forecasts
from core.experiment.clip_classification import ClipClassifier
from core.experiment.constraints import Constraints
from core.experiment.export import export_trial
from core.experiment.forecasts import forecast_table
from core.experiment.model_choice import choose_model
from core.experiment.search import best_trial
from core.experiment.spotting import load_working_point, open_spotter, save_working_point
from core.experiment.store import Study
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_bytes, mutate_json, mutate_json_lines
from tests.mutation.steady import steady, steady_lines
from tests.series import write_series
from workbench.cli import app

_WORDS, _WEATHER = "trials/0001-words", "trials/0002-weather"
_EDITS = "clips/.tinyml-edits.json"
_CREATED_S = 1718000000.5
# A command costs as much as all else together.
_COMMANDS_ONE_IN = 10
_PLACES = ("missing", "folder", "empty")

Damaged = tuple[str, bytes, str]
"""Path within the study, content, and what is in the file's place instead, if anything."""


class Studies:
    """A study of two trials of which one file is damaged."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._study = scratch / "study"
        shutil.copytree(seeds / "study", self._study)
        self._table = seeds / "weather.csv"
        self._files = {name: (self._study / name).read_bytes() for name in _listed(self._study)}
        self._sound = Sound((0.1 * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32), 16_000)
        self._scratch = scratch

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Put both trials into one study, with constraints, a working point and an index."""
        folder = seeds / "study"
        study = Study.create(folder, "Tones and weather")
        for name, trial in ((_WORDS, trials.spotting), (_WEATHER, trials.forecasting)):
            shutil.copytree(
                trial, folder / name, ignore=shutil.ignore_patterns("*.npy", "checkpoint*", "*.lock", ".lock")
            )
            _make_steady(folder / name)
        study.refresh()
        study.set_reference(Path(_WORDS).name)
        study.set_constraints(Constraints(0.9, 4096, 2.5, {"T (degC)": 0.5}))
        save_working_point(choose_model(folder / _WORDS), DetectionSettings())
        Study.open(folder)
        _make_steady_index(folder / ".index.json")
        (folder / _EDITS).parent.mkdir()
        edits = {"go/1.wav": {"excluded": True}, "stop/2.wav": {"label": "go", "start_ms": 50}}
        (folder / _EDITS).write_text(json.dumps({"schema_version": 1, "clips": edits}), encoding="utf-8")
        write_series(seeds / "weather.csv", num_rows=60)

    def whole(self) -> Iterator[tuple[Damaged, bool]]:
        """Yield the study as it is."""
        yield (("study.json", self._files["study.json"], ""), True)

    def damaged(self, rng: Random) -> tuple[Damaged, bool]:
        """Return a damaged file, and whether commands are run on the study as well."""
        name = rng.choice(list(self._files))
        content = self._files[name]
        in_place = rng.choice(_PLACES) if rng.random() < 0.03 else ""
        if name.endswith(".json"):
            content = mutate_json(rng, content, list(self._files.values()))
        elif name.endswith(".jsonl"):
            content = mutate_json_lines(rng, content)
        else:
            content = mutate_bytes(rng, content, (), 400)
        return (name, content, in_place), rng.randrange(_COMMANDS_ONE_IN) == 0

    def attempts(self, given: tuple[Damaged, bool]) -> Iterator[Attempt]:
        """Do with the study what the window and the commands do."""
        (name, content, in_place), by_command = given
        path = self._study / name
        _put(path, content, in_place)
        try:
            yield lambda: _look_through(self._study)
            for trial in (_WORDS, _WEATHER):
                if trial in name:
                    yield lambda trial=trial: _read(self._study, trial)
            yield from self._used(name, by_command=by_command)
            if by_command:
                yield from self._commands()
        finally:
            _put(path, self._files[name], "")

    def tidy(self) -> None:
        """Empty the cache."""
        shutil.rmtree(self._scratch / "cache", ignore_errors=True)

    def _used(self, name: str, *, by_command: bool) -> Iterator[Attempt]:
        words, weather = self._study / _WORDS, self._study / _WEATHER
        if name.endswith("preprocessing.json") or "detection" in name:
            yield lambda: _picture(load_preprocessing(words))
            yield lambda: load_working_point(choose_model(words))
            yield lambda: load_frame(weather)
            if by_command:
                # Each starts a process for the model.
                yield lambda: forecast_table(weather, self._table)
                yield lambda: ClipClassifier(choose_model(words)).classify(self._sound)
                yield lambda: open_spotter(words).push(self._sound.samples)
        if name.endswith(".npz"):
            yield lambda: load_forecasts(weather).latest
        if name == _EDITS:
            yield lambda: load_edits(self._study / "clips")

    def _commands(self) -> Iterator[Attempt]:
        for command in ("trials {}", "show {} A", "show {} B", "pareto {} --json", "constrain {} --json"):
            yield lambda command=command: _run(command.format(self._study).split())
        target = self._scratch / "exported"
        yield lambda: export_trial(Study.open(self._study), Path(_WORDS).name, "c-array", target)


def _listed(study: Path) -> list[str]:
    """Return the files of a study that are read as text or arrays; models are a kind of their own."""
    paths = (path.relative_to(study) for path in sorted(study.rglob("*")) if path.is_file())
    return [path.as_posix() for path in paths if path.suffix in (".json", ".jsonl", ".npz")]


def _make_steady(trial: Path) -> None:
    spec = json.loads((trial / "spec.json").read_bytes())
    spec["created_s"] = _CREATED_S
    data = "folder" if "folder" in spec["spec"]["dataset"] else "file"
    spec["spec"]["dataset"][data] = "/data"
    (trial / "spec.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
    result = json.loads((trial / "result.json").read_bytes())
    (trial / "result.json").write_text(json.dumps(steady(result)), encoding="utf-8")
    events = steady_lines((trial / "events.jsonl").read_bytes())
    (trial / "events.jsonl").write_bytes(events)


def _make_steady_index(path: Path) -> None:
    index = json.loads(path.read_bytes())
    _, rows = index
    for row in rows:
        row[0] = 1718000000500000000
    path.write_text(json.dumps(index), encoding="utf-8")


def _put(path: Path, content: bytes, in_place: str) -> None:
    """Put a file, or what is in its place, by a rename as the program does, so that its folder shows the change."""
    if path.is_dir():
        path.rmdir()
    unfinished = path.with_name(f"{path.name}.new")
    match in_place:
        case "missing":
            path.unlink()
        case "folder":
            path.unlink()
            path.mkdir()
        case _:
            unfinished.write_bytes(b"" if in_place else content)
            unfinished.replace(path)


def _look_through(folder: Path) -> None:
    study = Study.open(folder)
    found = study.summaries()
    for trial in found:
        study.constraints.misses(trial)
        study.find(trial.letter)
    best_trial(found, study.constraints)
    str((study.name, study.warning, study.reference, study.constraints.bounds()))


def _read(folder: Path, trial: str) -> None:
    study, name = Study.open(folder), Path(trial).name
    reads: tuple[Callable[[str], object], ...] = (study.events, study.spec, study.result)
    for read in reads:
        read(name)


def _picture(preprocessing: Preprocessing) -> None:
    clip = np.zeros((1, preprocessing.num_samples), np.float32)
    preprocessing.scale(preprocessing.extractor().compute(clip))


def _run(arguments: list[str]) -> None:
    ended = CliRunner().invoke(app, arguments)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
