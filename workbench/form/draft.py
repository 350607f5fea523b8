"""The spec being edited: values that may be wrong, their problems, and what varies. Knows nothing of Qt."""

from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

from psygnal import Signal

from core.errors import Problem, SpecError
from core.estimate import Estimate, estimate
from core.experiment.sweep import Sweep
from core.section import Section, declared, examine, field_at, override, sections
from core.spec import SPECS, TrialSpec
from workbench.form import field_text
from workbench.form.data_fault import data_fault

MOST_COUNTED = 100
"""Up to so many combinations are expanded at every keystroke, so that doubles and contradictions show at once."""


@dataclass(frozen=True)
class Axis:
    """One setting that varies: the text as typed, the values read from it, or what is wrong with it."""

    text: str
    values: tuple[Any, ...] = ()
    problem: str = ""


class Draft:
    """Nested values on their way to a TrialSpec. Every change validates the whole and tells it."""

    changed = Signal()
    """Values, problems or axes changed by an edit."""
    replaced = Signal()
    """Another spec took the place of what was edited."""

    def __init__(self, spec: TrialSpec) -> None:
        self.spec_type = type(spec)
        self.valid = spec
        """The latest spec without problems."""
        self.spec: TrialSpec | None = spec
        self.settings: TrialSpec | None = spec
        """The spec where nothing is wrong with its settings, whatever is wrong with its data."""
        self.problems: tuple[Problem, ...] = ()
        self.axes: dict[str, Axis] = {}
        self.estimate: Estimate | None = None
        """What the trial will cost; None while there is a problem."""
        self.num_trials = 1
        """How many trials Train would start; 0 while there is a problem."""
        self._values: dict[str, Any] = {}
        self._unread: dict[str, Problem] = {}
        self.replace(spec)

    def replace(self, spec: TrialSpec) -> None:
        """Edit another spec from here on; nothing varies."""
        self.spec_type = type(spec)
        self._values = spec.model_dump()
        self._unread.clear()
        self.axes.clear()
        self.valid = spec
        self._examine()
        self.replaced.emit()
        self.changed.emit()

    @property
    def task(self) -> str:
        """What the network is for."""
        return str(self.spec_type.model_fields["task"].default)

    def value(self, path: str) -> Any:
        """Return the value at a dotted path, as given."""
        value: Any = self._values
        for step in path.split("."):
            value = value[step]
        return value

    def set(self, path: str, value: Any) -> None:
        """Give a field another value, right or wrong."""
        self._unread.pop(path, None)
        self._values = override(self._values, path, value)
        self._examine()
        self.changed.emit()

    def replace_section(self, name: str, section: Section) -> None:
        """Give every field of a section another value at once; what varies elsewhere goes on doing so."""
        for path in [path for path in (*self._unread, *self.axes) if path.startswith(f"{name}.")]:
            self._unread.pop(path, None)
            self.axes.pop(path, None)
        self._values = override(self._values, name, section.model_dump())
        self._examine()
        self.replaced.emit()
        self.changed.emit()

    def set_text(self, path: str, text: str) -> None:
        """Give a field what was typed; what cannot be read stays a problem until it is typed anew."""
        _, field = field_at(self.spec_type, path)
        try:
            value = field_text.read(field, text)
        except ValueError as error:
            self._unread[path] = Problem(path, str(error))
            self._examine()
            self.changed.emit()
            return
        self.set(path, value)

    def applies(self, path: str) -> bool:
        """Tell whether a field has an effect under the values given."""
        section, _ = field_at(self.spec_type, path)
        prefix, _, name = path.rpartition(".")
        condition = declared(section, name)["applies"]
        if condition is None:
            return True
        return any(
            self._takes(f"{prefix}.{sibling}" if prefix else sibling, values) for sibling, values in condition.items()
        )

    def _takes(self, path: str, values: tuple[object, ...]) -> bool:
        axis = self.axes.get(path)
        held = axis.values if axis and axis.values else (self.value(path),)
        return self.applies(path) and any(value in values for value in held)

    def problems_at(self, path: str) -> tuple[str, ...]:
        """Return what is wrong with one field, in sentences."""
        return tuple(found.message for found in self.problems if found.path == path)

    def vary(self, path: str, text: str) -> None:
        """Try several values of a field, separated by commas."""
        _, field = field_at(self.spec_type, path)
        try:
            self.axes[path] = Axis(text, tuple(field_text.read_values(field, text)))
        except ValueError as error:
            self.axes[path] = Axis(text, problem=str(error))
        self._examine()
        self.changed.emit()

    def stop_varying(self, path: str) -> None:
        """Give a field its one value back."""
        if self.axes.pop(path, None) is not None:
            self._examine()
            self.changed.emit()

    def _examine(self) -> None:
        spec, found = examine(SPECS[self.task], self._values)
        elsewhere = [problem for problem in found if problem.path not in self._unread]
        self.problems = (*self._unread.values(), *elsewhere)
        self.spec = spec if isinstance(spec, self.spec_type) and not self.problems else None
        self._look_at_data()
        self._estimate()
        if self.spec is not None:
            self.valid = self.spec
        self._count()

    def _look_at_data(self) -> None:
        """Find what the worker would end on at once; the settings themselves are right all the same."""
        self.settings = self.spec
        fault = data_fault(self.spec) if self.spec is not None else None
        if self.spec is not None and fault is not None and fault.path not in self._grid():
            self.valid, self.spec = self.spec, None
            self.problems = (fault,)

    def _estimate(self) -> None:
        """Estimate the spec; a network that cannot be built is a problem of its fields."""
        self.estimate = None
        if self.settings is None:
            return
        try:
            # Data that are not there yet change nothing of what a network costs.
            self.estimate = estimate(self.settings)
        except SpecError as error:
            self.problems += error.problems
            self.spec = None

    def expand(self) -> list[TrialSpec]:
        """Return what Train starts: one trial, or one for each combination of the axes. Raises SpecError."""
        grid = self._grid()
        if grid:
            return Sweep(self._values, grid).expand()
        return [self.spec] if self.spec is not None else []

    def _count(self) -> None:
        wrong = tuple(Problem(path, axis.problem) for path, axis in self.axes.items() if axis.problem)
        self.problems += wrong
        if self.spec is None or wrong:
            self.num_trials = 0
            return
        self.num_trials = prod(len(values) for values in self._grid().values())
        if self.num_trials > MOST_COUNTED:
            return
        try:
            specs = self.expand()
        except SpecError as error:
            self.problems = error.problems
            self.num_trials = 0
            return
        self.num_trials = len(specs)
        faults = map(data_fault, specs) if self.axes else ()
        if fault := next(filter(None, faults), None):
            self.problems = (fault,)
            self.num_trials = 0

    def _grid(self) -> dict[str, tuple[Any, ...]]:
        return {path: axis.values for path, axis in self.axes.items() if axis.values and self.applies(path)}


@cache
def fields_of(spec_type: type[TrialSpec]) -> tuple[str, ...]:
    """Return the dotted paths of every field a user can edit, in journey order.

    A choice with one value is left out: there is nothing to choose.
    """
    own = [name for name in spec_type.model_fields if name not in sections(spec_type)]
    paths = own + [f"{name}.{inner}" for name, part in sections(spec_type).items() for inner in part.model_fields]
    return tuple(path for path in paths if not _is_settled(spec_type, path))


def _is_settled(spec_type: type[TrialSpec], path: str) -> bool:
    _, field = field_at(spec_type, path)
    return field_text.shape_of(field) is field_text.Shape.CHOICE and len(field_text.choices_of(field)) == 1
