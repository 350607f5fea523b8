"""One spec varied along axes: every combination of a grid, or a list of named changes.

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
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.errors import Problem, SpecError
from core.experiment.spec_file import anchor, apply_settings, load_values, read_toml
from core.section import override
from core.spec import TrialSpec, identity, parse_spec

MOST_TRIALS = 5000


@dataclass(frozen=True)
class Sweep:
    """A base spec and what varies: `axes` to be combined in a grid, or `changes` to be made one set at a time."""

    base: Mapping[str, Any]
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    changes: Sequence[Mapping[str, Any]] = ()
    mode: Literal["grid", "list"] = "grid"
    source: str = ""

    def expand(self) -> list[TrialSpec]:
        """Return the specs, each once, named by what varies.

        Raises SpecError with the problems of all of them at once.
        """
        specs: dict[str, TrialSpec] = {}
        problems: dict[tuple[str, str], Problem] = {}
        for change in self._combinations():
            try:
                spec = self._apply(change)
                specs.setdefault(identity(spec), spec)
            except SpecError as error:
                problems |= {(found.path, found.message): found for found in error.problems}
        if problems:
            raise SpecError(tuple(problems.values()), self.source)
        return list(specs.values())

    def _combinations(self) -> list[Mapping[str, Any]]:
        if self.mode == "list":
            if not self.changes:
                raise SpecError((Problem("trials", "no trials listed; add a [[trials]] table for each"),), self.source)
            return list(self.changes)
        faults = [
            Problem(path, f"must be a list of values to try, is {values!r}")
            for path, values in self.axes.items()
            if isinstance(values, str | bytes) or not isinstance(values, Sequence) or not values
        ]
        if not self.axes:
            faults.append(Problem("axes", "nothing varies; add an [axes] table of lists or [[trials]] tables"))
        if faults:
            raise SpecError(tuple(faults), self.source)
        count = 1
        for values in self.axes.values():
            count *= len(values)
        if count > MOST_TRIALS:
            fault = f"the grid has {count} trials, at most {MOST_TRIALS} are possible; shorten an axis"
            raise SpecError((Problem("axes", fault),), self.source)
        return [dict(zip(self.axes, choice, strict=True)) for choice in itertools.product(*self.axes.values())]

    def _apply(self, change: Mapping[str, Any]) -> TrialSpec:
        values = dict(self.base)
        for path, value in change.items():
            values = override(values, path, value)
        if "name" not in change:
            values["name"] = self._name(change)
        return parse_spec(values)

    def _name(self, change: Mapping[str, Any]) -> str:
        """Return the base's name and what varies; as much of it as a name holds."""
        varied = [f"{_short(path)} {_plain(value)}" for path, value in change.items()]
        given = str(self.base.get("name", ""))
        return ", ".join([given, *varied] if given else varied)[:80]


def load_sweep(path: Path | str, settings: Iterable[str] = ()) -> Sweep:
    """Read a sweep from a TOML file, with `settings` laid over its base; a base file is relative to it.

    Raises SpecError naming the file.
    """
    path = Path(path).expanduser()
    document = read_toml(path)
    problems = [
        Problem(name, "unknown; a sweep has base, axes or trials")
        for name in document
        if name not in ("base", "axes", "trials")
    ]
    axes, trials = document.get("axes", {}), document.get("trials", [])
    if axes and trials:
        problems.append(Problem("trials", "a sweep has either [axes] or [[trials]]; make two files of it"))
    if not isinstance(axes, Mapping):
        problems.append(Problem("axes", f"must be a table of lists, is {axes!r}"))
    if not isinstance(trials, list) or not all(isinstance(change, Mapping) for change in trials):
        problems.append(Problem("trials", "must be [[trials]] tables of settings"))
    if problems:
        raise SpecError(tuple(problems), str(path))
    base = apply_settings(_base(document.get("base", {}), path), settings)
    if trials:
        return Sweep(base, changes=[_flat(change) for change in trials], mode="list", source=str(path))
    return Sweep(base, axes=_flat(axes), source=str(path))


def _base(given: Any, path: Path) -> dict[str, Any]:
    if isinstance(given, str):
        return load_values(path.parent / Path(given).expanduser())
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


def _short(path: str) -> str:
    return path.rpartition(".")[2].replace("_", " ")


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "·".join(_plain(part) for part in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
