"""A search: axes as a sweep has them, of which some combinations are tried, chosen by what earlier trials showed.

base = "baseline.toml"
[axes]
"model.width_multiplier" = [0.25, 0.5, 1.0]
"quantization.scheme" = ["float16", "int8"]

[constraints]                     # what the search shall find
zip_kb_max = 2.0

[search]
num_trials = 24
seed = 0

What is known stands in the folders of the study alone: a search that was cancelled goes on from there.
"""

import contextlib
import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Problem, SpecError, WorkbenchError
from core.experiment.constraints import Constraints
from core.experiment.jobs import RunSearch
from core.experiment.proposals import Choice
from core.experiment.spec_file import read_toml
from core.experiment.store import Study, TrialState
from core.experiment.summary import TrialSummary
from core.experiment.sweep import MOST_TRIALS, Sweep, sweep_in
from core.section import override
from core.spec import TrialSpec, identity, parse_spec

_LEAST = {"num_trials": 1, "seed": 0}
_COMPANIES = 20
"""Combinations in which a value of an axis is looked at before it is called impossible."""


@dataclass(frozen=True)
class Search:
    """What may vary, and how many trials of it there shall be at most."""

    sweep: Sweep
    num_trials: int = 24
    seed: int = 0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(values) for values in self.sweep.axes.values())

    def spec_at(self, choice: Choice) -> TrialSpec:
        """Return the spec of a combination. Raises SpecError when it contradicts itself."""
        values = zip(self.sweep.axes.items(), choice, strict=True)
        return self.sweep.spec_of({path: options[index] for (path, options), index in values})

    def choice_of(self, spec: TrialSpec) -> Choice | None:
        """Return the combination a spec is, None when it is none: the value of each axis that leaves it as it is."""
        wanted, values = identity(spec), spec.model_dump(mode="json")
        choice = []
        for path, options in self.sweep.axes.items():
            same = (index for index, value in enumerate(options) if _identity(values, path, value) == wanted)
            index = next(same, None)
            if index is None:
                return None
            choice.append(index)
        return tuple(choice) if self.identity_at(tuple(choice)) == wanted else None

    def identity_at(self, choice: Choice) -> str:
        """Return the identity of a combination, nothing when it contradicts itself."""
        try:
            return identity(self.spec_at(choice))
        except SpecError:
            return ""

    def examples(self) -> list[TrialSpec]:
        """Return a possible spec with each value of each axis.

        Raises SpecError with the problems of values that go with none of some others.
        """
        self.sweep.check_axes()
        chance = random.Random(self.seed)
        specs: list[TrialSpec] = []
        problems: dict[tuple[str, str], Problem] = {}
        for place, size in enumerate(self.sizes):
            for index in range(size):
                try:
                    specs.append(self._example(place, index, chance))
                except SpecError as error:
                    problems |= {(found.path, found.message): found for found in error.problems}
        if problems:
            raise SpecError(tuple(problems.values()), self.sweep.source)
        return specs

    def _example(self, place: int, index: int, chance: random.Random) -> TrialSpec:
        refused = SpecError(())
        for _ in range(_COMPANIES):
            choice = [chance.randrange(size) for size in self.sizes]
            choice[place] = index
            try:
                return self.spec_at(tuple(choice))
            except SpecError as error:
                refused = error
        raise refused

    def any_of(self, is_new: Callable[[Choice], bool]) -> Choice | None:
        """Return some combination that is new; None when there is none, or none was met among thousands."""
        chance = random.Random(self.seed)
        choices: Iterable[Choice]
        if math.prod(self.sizes) <= MOST_TRIALS:
            every = list(itertools.product(*map(range, self.sizes)))
            choices = chance.sample(every, len(every))
        else:
            choices = (tuple(map(chance.randrange, self.sizes)) for _ in range(MOST_TRIALS))
        return next(filter(is_new, choices), None)


def load_search(path: Path | str, settings: Iterable[str] = (), data: Path | None = None) -> Search:
    """Read a search from a TOML file, with the path to its `data` and `settings` laid over its base.

    Raises SpecError naming the file.
    """
    path = Path(path).expanduser()
    document = read_toml(path)
    given = document.pop("search", {})
    problems = list(_problems_of(given))
    if "trials" in document:
        problems.append(Problem("trials", "a search varies [axes]; run a list of trials with `workbench sweep`"))
    if problems:
        raise SpecError(tuple(problems), str(path))
    return Search(sweep_in(document, path, settings, data), **given)


def search_job(search: Search, study: Study, num_workers: int, num_trials: int | None = None) -> RunSearch:
    """Return the job that searches in a study; `num_trials` takes the place of the search's own."""
    return RunSearch(
        study=str(study.folder),
        base=dict(search.sweep.base),
        axes={path: list(values) for path, values in search.sweep.axes.items()},
        num_trials=num_trials or search.num_trials,
        seed=search.seed,
        num_workers=num_workers,
    )


def trials_of(study: Study, search: Search) -> dict[str, Choice]:
    """Return the trials of a study that lie on the axes; of several that are the same the finished one."""
    found: dict[str, str] = {}
    for summary in study.summaries():
        if summary.identity not in found or summary.state is TrialState.FINISHED:
            found[summary.identity] = summary.name
    choices = {}
    for name in found.values():
        # One whose spec cannot be read is none of these.
        with contextlib.suppress(WorkbenchError):
            choices[name] = search.choice_of(study.spec(name))
    return {name: choice for name, choice in choices.items() if choice is not None}


def best_trial(trials: Iterable[TrialSummary], constraints: Constraints) -> TrialSummary | None:
    """Return the smallest file of those that meet the constraints, else the trial that misses least of them in all."""
    finished = [trial for trial in trials if trial.state is TrialState.FINISHED]
    meeting = [trial for trial in finished if constraints.met_by(trial)]
    if meeting:
        return min(meeting, key=lambda trial: trial.zip_bytes or math.inf)
    return min(finished, key=lambda trial: missed(trial, constraints), default=None)


def missed(trial: TrialSummary, constraints: Constraints) -> float:
    """Return by how much a trial misses its constraints, each as a part of its bound, in all."""
    return sum(max(0.0, miss) for miss in constraints.misses(trial).values())


def _identity(values: Mapping[str, Any], path: str, value: Any) -> str:
    try:
        return identity(parse_spec(override(values, path, value)))
    except SpecError:
        return ""


def _problems_of(given: Any) -> Iterator[Problem]:
    if not isinstance(given, Mapping):
        yield Problem("search", f"must be a table, is {given!r}")
        return
    for name, value in given.items():
        if name not in _LEAST:
            yield Problem(f"search.{name}", f"unknown; use one of: {', '.join(_LEAST)}")
        elif isinstance(value, bool) or not isinstance(value, int) or value < _LEAST[name]:
            yield Problem(f"search.{name}", f"must be a whole number from {_LEAST[name]} on, is {value!r}")
