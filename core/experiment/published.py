"""Published systems beside the trials that repeat them here, as Markdown tables on a page."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from core.datasets.column_names import unit_of
from core.errors import WorkbenchError
from core.experiment import report_cells as cells
from core.experiment.baselines import baselines_of
from core.experiment.files import write_atomically
from core.experiment.store import Study, TrialState, TrialSummary

RESULTS_BEGIN = "<!-- results: written by `workbench report`; do not edit -->"
RESULTS_END = "<!-- end of results -->"

_SYSTEM_HEAD = (
    "system",
    "what",
    "accuracy published",
    "here",
    "zip kB published",
    "here",
    "latency published (Pi 4)",
    "here",
    "data here",
)
_FORECAST_HEAD = (
    "system",
    "what",
    "error published (Jena 2009–2016)",
    "here",
    "less than persistence here",
    "zlib kB published",
    "zip kB here",
    "latency here",
    "data here",
)
_BASELINES = {
    "Persistence": "every value stays as it is",
    "Linear model": "least squares over all inputs",
}
_NOT_RUN = "not run yet"
_NOTE = (
    "Accuracy here: of the `.tflite` file on speakers not trained on, ± half of the 95 % interval. "
    "Latency here: features and inference of one clip on this machine, total as a whole. kB = 1024 bytes."
)
_FORECAST_NOTE = (
    "Errors are mean absolute ones of the `.tflite` file over all horizons, on later days than those trained on."
)


@dataclass(frozen=True)
class PublishedSystem:
    """One row of systems.toml: a published system, its figures, and the title of the trial that repeats it."""

    system: str
    what: str
    trial: str
    accuracy: float | None = None
    zip_kb: float | None = None
    inference_ms: float | None = None
    total_ms: float | None = None
    saving: float | None = None
    task: str = "keyword_spotting"
    mae: Mapping[str, float] = field(default_factory=dict)
    """Mean absolute error by quantity, for a system that forecasts."""


def published_systems() -> tuple[PublishedSystem, ...]:
    """Return the published systems, in the order of the report."""
    text = resources.files("resources").joinpath("systems.toml").read_text(encoding="utf-8")
    return tuple(PublishedSystem(**row) for row in tomllib.loads(text)["systems"])


def systems_table(studies: Sequence[Study], kept: Mapping[str, Sequence[str]] = MappingProxyType({})) -> str:
    """Return Markdown tables: each published system's figures, those measured here, and on what data.

    A system is repeated by the latest finished trial of its title in any of the studies; one that none of them repeats
    has its row of `kept`, by its name, if there is one. Those that forecast have a table of their own.
    """
    rows: list[Sequence[str]] = []
    forecasts: list[Sequence[str]] = []
    judged: list[tuple[Study, TrialSummary]] = []
    for system in published_systems():
        found = _latest(studies, system.trial)
        is_forecast = system.task == "forecasting"
        row = _forecast_row(system, found) if is_forecast else _row(system, found)
        (forecasts if is_forecast else rows).append(row if found else kept.get(system.system, row))
        judged += [found] if found and is_forecast else []
    baselines = {row[0]: row for study, trial in judged for row in _rows_of_baselines(study, trial)}
    forecasts += {**{name: row for name, row in kept.items() if _is_baseline(name)}, **baselines}.values()
    tables = f"{cells.table(_SYSTEM_HEAD, rows)}\n{_NOTE}{cells.meanings_in(rows)}\n"
    if not forecasts:
        return tables
    return f"{tables}\n{cells.table(_FORECAST_HEAD, forecasts)}\n{_FORECAST_NOTE}{cells.meanings_in(forecasts)}\n"


def _row(system: PublishedSystem, found: tuple[Study, TrialSummary] | None) -> list[str]:
    accuracy, size, latency = cells.percent(system.accuracy), _published_size(system), _published_latency(system)
    if found is None:
        return [system.system, system.what, accuracy, "", size, "", latency, "", _NOT_RUN]
    study, trial = found
    here = (cells.accuracy(trial), cells.kilobytes(trial.zip_bytes), cells.latency_of(trial))
    return [
        system.system,
        system.what,
        accuracy,
        here[0],
        size,
        here[1],
        latency,
        here[2],
        cells.data_of(study, trial),
    ]


def _forecast_row(system: PublishedSystem, found: tuple[Study, TrialSummary] | None) -> list[str]:
    published = " · ".join(f"{error:#.3g} {unit_of(name)}" for name, error in system.mae.items())
    size = _published_size(system)
    if found is None:
        return [system.system, system.what, published, "", "", size, "", "", _NOT_RUN]
    study, trial = found
    gains = " · ".join(cells.percent(error.gain) for error in trial.errors)
    here = (
        cells.errors(trial),
        gains,
        size,
        cells.kilobytes(trial.zip_bytes),
        cells.total_ms(trial),
        cells.data_of(study, trial),
    )
    return [system.system, system.what, published, *here]


def _rows_of_baselines(study: Study, trial: TrialSummary) -> list[list[str]]:
    rows = []
    for baseline in baselines_of((trial,)):
        name = f"{baseline.title.lower()} {baseline.horizon_minutes:g} min"
        gains = " · ".join(cells.percent(error.gain) for error in baseline.errors)
        what = _BASELINES[baseline.title]
        rows.append([name, what, "", cells.errors(baseline), gains, "", "", "", cells.data_of(study, trial)])
    return rows


def _is_baseline(system: str) -> bool:
    return system.startswith(("persistence ", "linear model "))


def renew_results(page: Path, studies: Sequence[Study]) -> None:
    """Replace what stands between the two result marks of a Markdown page by the tables of published systems.

    Systems that none of the studies repeats keep the row they have there, as long as it says the same of what was
    published. Raises WorkbenchError when the page or its marks are not there.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise WorkbenchError(f"{page}: cannot be read ({error.strerror}); name the page to renew") from error
    before, opening, rest = text.partition(RESULTS_BEGIN)
    old, closing, after = rest.partition(RESULTS_END)
    if not (opening and closing):
        raise WorkbenchError(f"{page}: has no place for results; write {RESULTS_BEGIN} and {RESULTS_END} on two lines")
    write_atomically(page, f"{before}{opening}\n{systems_table(studies, _rows_of(old))}{closing}{after}")


def _rows_of(page: str) -> dict[str, list[str]]:
    """Return the rows of the tables on a page whose systems are the same still, by system."""
    unmeasured = {
        system.system: (_forecast_row if system.task == "forecasting" else _row)(system, None)
        for system in published_systems()
    }
    rows = {row[0]: row for row in cells.rows_of(page)}
    return {
        system: row for system, row in rows.items() if _is_baseline(system) or _agree(row, unmeasured.get(system, []))
    }


def _agree(row: Sequence[str], unmeasured: Sequence[str]) -> bool:
    """Tell whether a row says all that one without measurements does."""
    if len(row) != len(unmeasured):
        return False
    return all(cell in ("", _NOT_RUN, here) for here, cell in zip(row, unmeasured, strict=True))


def _latest(studies: Sequence[Study], title: str) -> tuple[Study, TrialSummary] | None:
    found = [
        (study, trial)
        for study in studies
        for trial in study.summaries()
        if trial.title == title and trial.state is TrialState.FINISHED
    ]
    return max(found, key=lambda pair: pair[1].created_s, default=None)


def _published_size(system: PublishedSystem) -> str:
    return "" if system.zip_kb is None else f"{system.zip_kb:g}"


def _published_latency(system: PublishedSystem) -> str:
    parts = []
    if system.total_ms is not None:
        parts.append(f"{system.total_ms:g} ms")
    if system.inference_ms is not None:
        parts.append(f"inference {system.inference_ms:g} ms")
    if system.saving is not None:
        parts.append(f"{cells.percent(system.saving)} saved")
    return ", ".join(parts)
