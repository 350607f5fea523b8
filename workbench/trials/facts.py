"""What the Trials page says of a trial: how it is called, whether it meets the constraints, what it changes.

Knows nothing of Qt: table, charts, details and hover all take their words from here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.datasets.column_names import name_of, unit_of
from core.datasets.time_texts import timespan
from core.errors import WorkbenchError
from core.experiment.baselines import Baseline
from core.experiment.constraints import figure_of, is_met
from core.experiment.store import Constraints, Study, TrialState, TrialSummary
from core.section import declared, differences, field_at, sections
from core.spec import TrialSpec
from core.visible_text import visible
from workbench import number_format
from workbench.form.field_text import label_of, words_of

STATE_NAMES = {
    TrialState.QUEUED: "Queued",
    TrialState.RUNNING: "Running",
    TrialState.FINISHED: "Finished",
    TrialState.FAILED: "Failed",
    TrialState.CANCELLED: "Cancelled",
}


SAYS_TOO_LITTLE = ("kind", "rule", "enabled", "scheme", "begin", "end", "copies", "runs", "num_runs")
"""Fields whose name needs its section before it."""


@dataclass(frozen=True)
class Limit:
    """One constraint in words: `figure` is what was measured, `met` None where nothing was."""

    field: str
    words: str
    figure: str
    met: bool | None


def title_of(summary: TrialSummary) -> str:
    """Return the user's name for a trial, or its number where they gave none."""
    return visible(summary.title) or f"Trial {summary.number}"


def devices_of(summaries: Iterable[TrialSummary]) -> tuple[str, ...]:
    """Return every device that something was timed on, in the order met."""
    return tuple(dict.fromkeys(latency.device for summary in summaries for latency in summary.latencies))


def limits_of(summary: TrialSummary, constraints: Constraints, device: str = "") -> tuple[Limit, ...]:
    """Return how a trial stands to every constraint in force."""
    found = []
    for field, bound in constraints.bounds().items():
        words, unit, write = _limit_in_words(field, bound)
        figure = figure_of(summary, field, device)
        written = number_format.NOTHING if figure is None else f"{write(figure)} {unit}".rstrip()
        found.append(Limit(field, f"{words} {unit}".rstrip(), written, is_met(summary, field, bound, device)))
    return tuple(found)


def _limit_in_words(field: str, bound: float) -> tuple[str, str, Callable[[float], str]]:
    """Return a constraint without its unit, the unit, and what writes a figure in it."""
    if field == "accuracy_min":
        return f"accuracy ≥ {number_format.plain(round(100 * bound, 3))}", "%", number_format.percent
    if field == "zip_bytes_max":
        most = number_format.plain(round(bound / number_format.BYTES_PER_KB, 3))
        return f"zip ≤ {most}", "kB", number_format.kilobytes
    if field == "total_ms_max":
        return f"total ≤ {number_format.plain(round(bound, 4))}", "ms", number_format.milliseconds
    column = field.partition(".")[2]
    return f"{name_of(column)} error ≤ {bound:g}", unit_of(column), number_format.three_digits


def baseline_words(baselines: Iterable[Baseline]) -> str:
    """Return on one line what any forecaster must beat: "Persistence: T 0.737 °C, rh 2.53 %"."""
    found = tuple(baselines)
    several = len({baseline.horizon_minutes for baseline in found}) > 1
    said = []
    for baseline in found:
        errors = (f"{name_of(one.name)} {number_format.three_digits(one.mae)} {one.unit}" for one in baseline.errors)
        ahead = f", {timespan(60 * baseline.horizon_minutes)} ahead" if several else ""
        said.append(f"{baseline.title}{ahead}: {', '.join(errors)}")
    return "  ·  ".join(said)


def field_words(spec_type: type[TrialSpec], path: str) -> str:
    """Return a field's name as the form has it, with its section where the name alone is not enough."""
    section_name, _, name = path.rpartition(".")
    section, _ = field_at(spec_type, path)
    words = label_of(section, name)
    if not words[1:2].isupper():
        words = words[:1].lower() + words[1:]
    named_alike = sum(name in part.model_fields for part in sections(spec_type).values())
    needs_section = named_alike > 1 or name in SAYS_TOO_LITTLE
    return f"{section_name.replace('_', ' ')} {words}" if needs_section else words


def value_words(spec_type: type[TrialSpec], path: str, value: Any) -> str:
    """Return a field's value as a reader would write it, with its unit."""
    if value is None:
        return number_format.NOTHING
    if isinstance(value, bool):
        return "on" if value else "off"
    section, _ = field_at(spec_type, path)
    unit, at_zero = (declared(section, path.rpartition(".")[2])[kind] for kind in ("unit", "at_zero"))
    if at_zero and value == 0:
        return at_zero
    if isinstance(value, tuple):
        joined = [("×".join(map(str, item)) if isinstance(item, tuple) else str(item)) for item in value]
        # Repetition says nothing: six equal layers read "6 of 32".
        same = len(joined) > 3 and len(set(joined)) == 1
        nothing = "all" if path.endswith("labels") else "none named" if path.startswith("dataset") else "none"
        return f"{len(joined)} of {joined[0]}" if same else " · ".join(joined) or nothing
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if "folder" not in path:
        text = words_of(text)
    return f"{text} {unit}" if unit else text


@dataclass(frozen=True)
class Difference:
    """One setting in which a trial differs from another: its name and both values in words."""

    path: str
    name: str
    ours: str
    theirs: str


def compare_specs(spec: TrialSpec, other: TrialSpec) -> tuple[Difference, ...]:
    """Return what differs between two specs, in journey order and in words."""
    kind = type(spec)
    if kind is not type(other):
        return (Difference("task", "task", spec.title.lower(), other.title.lower()),)
    return tuple(
        Difference(path, field_words(kind, path), value_words(kind, path, ours), value_words(type(other), path, theirs))
        for path, (ours, theirs) in differences(spec, other).items()
    )


class Differences:
    """What each trial of a study changes against the reference trial, read from the specs when asked and kept."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._reference_name: str | None = None
        self._reference: TrialSpec | None = None
        self._known: dict[str, tuple[Difference, ...]] = {}
        self._words: dict[str, str] = {}
        self.compare_with(study.reference)

    def compare_with(self, reference: str | None) -> None:
        """Compare with another trial from here on."""
        self._reference_name = reference
        self._reference = self._read(reference) if reference else None
        self._known.clear()
        self._words.clear()

    def forget(self, names: Iterable[str]) -> None:
        """Read these trials' specs again when they are asked for."""
        for name in names:
            self._known.pop(name, None)
            self._words.pop(name, None)

    def of(self, name: str) -> tuple[Difference, ...]:
        """Return what a trial changes; nothing for the reference itself, without one, or for a damaged spec."""
        if self._reference is None or name == self._reference_name:
            return ()
        if name not in self._known:
            spec = self._read(name)
            self._known[name] = compare_specs(spec, self._reference) if spec else ()
        return self._known[name]

    def knows(self, name: str) -> bool:
        """Tell whether a trial's spec was read already, so that asking costs nothing."""
        return name in self._words

    def words(self, name: str) -> str:
        """Return what a trial changes on one line: "width multiplier 0.25, residual on"."""
        if name not in self._words:
            self._words[name] = ", ".join(f"{found.name} {found.ours}" for found in self.of(name))
        return self._words[name]

    def _read(self, name: str) -> TrialSpec | None:
        try:
            return self._study.spec(name)
        except WorkbenchError:
            return None
