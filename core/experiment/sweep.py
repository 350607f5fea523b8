"""One spec varied along axes: every combination of a grid, or a list of named changes.

title = "Widths and pruning"      # what a menu calls it
base = "baseline.toml"            # or a [base] table of settings
[axes]
"model.width_multiplier" = [0.25, 0.5, 1.0]
"pruning.schedule" = ["none", "polynomial"]

base = "baseline.toml"
[[trials]]
name = "A Baseline"
[[trials]]
name = "B DSC"
"model.family" = "ds_cnn"

[constraints]                     # what is wanted of the trials, for the tables and charts of the study
zip_kb_max = 2.0
mae_max = {"T (degC)" = 0.5}      # or accuracy_min = 0.9, total_ms_max = 1.5
"""

import itertools
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.errors import Problem, SpecError
from core.experiment.constraints import Constraints
from core.experiment.spec_file import anchor, apply_settings, load_values, read_toml, with_data
from core.number_format import BYTES_PER_KB
from core.section import flatten, override
from core.spec import TrialSpec, identity, parse_spec

MOST_TRIALS = 5000
LONGEST_NAME = 80

_SAID_BY_SECTION = ("schedule", "scheme")

# As a file says them, with the field of Constraints and what turns one into the other.
_LIMITS: Mapping[str, tuple[str, float]] = {
    "accuracy_min": ("accuracy_min", 1),
    "zip_kb_max": ("zip_bytes_max", BYTES_PER_KB),
    "total_ms_max": ("total_ms_max", 1),
    "mae_max": ("mae_max", 1),
}


@dataclass(frozen=True)
class Sweep:
    """A base spec and what varies: `axes` to be combined in a grid, or `changes` to be made one set at a time."""

    base: Mapping[str, Any]
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    changes: Sequence[Mapping[str, Any]] = ()
    mode: Literal["grid", "list"] = "grid"
    source: str = ""
    constraints: Constraints | None = None
    """What is wanted of the trials; None where nothing is said."""
    title: str = ""

    def expand(self) -> list[TrialSpec]:
        """Return the specs, each once, named by what varies.

        Raises SpecError with the problems of all of them at once.
        """
        specs: dict[str, TrialSpec] = {}
        problems: dict[tuple[str, str], Problem] = {}
        for change in self._combinations():
            try:
                spec = self.spec_of(change)
                specs.setdefault(identity(spec), spec)
            except SpecError as error:
                problems |= {(found.path, found.message): found for found in error.problems}
        if problems:
            raise SpecError(tuple(problems.values()), self.source)
        return list(specs.values())

    @property
    def num_combinations(self) -> int:
        """Combinations of the axes' values, those that are the same or contradict themselves included."""
        return math.prod(len(values) for values in self.axes.values() if isinstance(values, Sequence))

    def check_axes(self) -> None:
        """Raise SpecError where nothing varies, or an axis is no list of values."""
        faults = [
            Problem(path, f"must be a list of values to try, is {values!r}")
            for path, values in self.axes.items()
            if isinstance(values, str | bytes) or not isinstance(values, Sequence) or not values
        ]
        if not self.axes:
            faults.append(Problem("axes", "nothing varies; add an [axes] table of lists or [[trials]] tables"))
        if faults:
            raise SpecError(tuple(faults), self.source)

    def spec_of(self, change: Mapping[str, Any]) -> TrialSpec:
        """Return the base with settings changed, named by them. Raises SpecError when they contradict each other."""
        values = dict(self.base)
        for path, value in change.items():
            values = override(values, path, value)
        if "name" in change:
            return parse_spec(values)
        spec = parse_spec({**values, "name": ""})
        # What has no effect beside the other values says nothing about the trial.
        effective = {path: value for path, value in change.items() if _has_effect(spec, path)}
        return spec.model_copy(update={"name": self._name(effective)})

    def _combinations(self) -> list[Mapping[str, Any]]:
        if self.mode == "list":
            if not self.changes:
                raise SpecError((Problem("trials", "no trials listed; add a [[trials]] table for each"),), self.source)
            return list(self.changes)
        self.check_axes()
        if self.num_combinations > MOST_TRIALS:
            fault = f"the grid has {self.num_combinations} trials, at most {MOST_TRIALS} are possible; shorten an axis"
            raise SpecError((Problem("axes", fault),), self.source)
        return [dict(zip(self.axes, choice, strict=True)) for choice in itertools.product(*self.axes.values())]

    def _name(self, change: Mapping[str, Any]) -> str:
        """Return the base's name and what varies; as much of it as a name holds."""
        given = [name] if (name := str(self.base.get("name", ""))) else []
        full = ", ".join([*given, *(f"{_short(path)} {_plain(value)}" for path, value in change.items())])
        if len(full) <= LONGEST_NAME:
            return full
        return ", ".join([*given, *(_brief(path, value) for path, value in change.items())])[:LONGEST_NAME]


def load_sweep(path: Path | str, settings: Iterable[str] = (), data: Path | None = None) -> Sweep:
    """Read a sweep from a TOML file, with the path to its `data` and `settings` laid over its base.

    A base file is relative to the sweep's.

    Raises SpecError naming the file.
    """
    path = Path(path).expanduser()
    document = read_toml(path)
    if "search" in document:
        raise SpecError((Problem("search", "makes the file a search; run it with `workbench search`"),), str(path))
    return sweep_in(document, path, settings, data)


def sweep_in(document: Mapping[str, Any], path: Path, settings: Iterable[str], data: Path | None) -> Sweep:
    """Read a sweep from what its file holds; see `load_sweep`. Raises SpecError naming the file."""
    problems = [
        Problem(name, "unknown; a sweep has title, base, axes or trials, and constraints")
        for name in document
        if name not in ("title", "base", "axes", "trials", "constraints")
    ]
    title = str(document.get("title", path.stem))
    axes, trials = document.get("axes", {}), document.get("trials", [])
    if axes and trials:
        problems.append(Problem("trials", "a sweep has either [axes] or [[trials]]; make two files of it"))
    if not isinstance(axes, Mapping):
        problems.append(Problem("axes", f"must be a table of lists, is {axes!r}"))
    if not isinstance(trials, list) or not all(isinstance(change, Mapping) for change in trials):
        problems.append(Problem("trials", "must be [[trials]] tables of settings"))
    constraints, wrong = _constraints(document.get("constraints"))
    problems += wrong
    if problems:
        raise SpecError(tuple(problems), str(path))
    base = apply_settings(with_data(_base(document.get("base", {}), path), data), settings)
    if trials:
        changes = [_flat(change) for change in trials]
        return Sweep(base, changes=changes, mode="list", source=str(path), constraints=constraints, title=title)
    return Sweep(base, axes=_flat(axes), source=str(path), constraints=constraints, title=title)


def _constraints(given: Any) -> tuple[Constraints | None, list[Problem]]:
    """Return the constraints of a sweep's file, sizes turned from kB into bytes, and what is wrong with them."""
    if given is None:
        return None, []
    if not isinstance(given, Mapping):
        return None, [Problem("constraints", f"must be a table, is {given!r}")]
    constraints, problems = Constraints(), []
    for name, bound in _flat_errors(given).items():
        field, factor = _LIMITS.get(name.partition(".")[0], ("", 1))
        if not field or name == "mae_max":
            problems.append(Problem(f"constraints.{name}", f"unknown; use one of: {', '.join(_LIMITS)}"))
        elif isinstance(bound, bool) or not isinstance(bound, int | float):
            problems.append(Problem(f"constraints.{name}", f"must be a number, is {bound!r}"))
        else:
            try:
                constraints = constraints.with_bound(name if field == "mae_max" else field, factor * bound)
            except (ValueError, OverflowError):
                limits = "from 0 to 1" if field == "accuracy_min" else "from 0 on"
                problems.append(Problem(f"constraints.{name}", f"must be a finite number {limits}, is {bound!r}"))
    return constraints, problems


def _flat_errors(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return constraints with those of errors by `mae_max.` and their column, which may have dots of its own."""
    errors = given.get("mae_max")
    if not isinstance(errors, Mapping):
        return dict(given)
    others = {name: bound for name, bound in given.items() if name != "mae_max"}
    return others | {f"mae_max.{column}": bound for column, bound in errors.items()}


def _base(given: Any, path: Path) -> dict[str, Any]:
    if isinstance(given, str):
        return load_values(path.parent / os.path.expanduser(given))  # noqa: PTH111 (an unknown user is no error yet)
    if isinstance(given, Mapping):
        return anchor(given, path.resolve().parent)
    raise SpecError((Problem("base", f"must name a TOML file or be a table of settings, is {given!r}"),), str(path))


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as dotted paths: ``model.family = …`` and ``"model.family" = …`` mean the same."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _has_effect(spec: TrialSpec, path: str) -> bool:
    return any(f"{known}.".startswith(f"{path}.") for known in flatten(spec))


def _short(path: str) -> str:
    section, _, name = path.rpartition(".")
    # "pruning polynomial" says what "schedule polynomial" leaves open: the learning rate has one too.
    return (section if name in _SAID_BY_SECTION else name).replace("_", " ")


def _brief(path: str, value: Any) -> str:
    # "int8" and "conv1d" speak for themselves; a number does not, and neither does "none".
    speaks = isinstance(value, str) and value != "none"
    return value if speaks else f"{_short(path).split()[-1]} {_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "·".join(_plain(part) for part in value) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
