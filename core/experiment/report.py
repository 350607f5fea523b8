"""Studies as tables: Markdown to read, CSV to compute with, and published systems beside what was measured here."""

import csv
import io
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from core.errors import WorkbenchError
from core.experiment.files import write_atomically
from core.experiment.store import DeviceLatency, Study, TrialState, TrialSummary
from core.results import wilson_interval
from core.section import value_at

SYNTHETIC_MARK = "synthetic clips"
CONTENDED_MARK = "†"
RESULTS_BEGIN = "<!-- results: written by `workbench report`; do not edit -->"
RESULTS_END = "<!-- end of results -->"
COLUMNS = (
    "trial",
    "title",
    "state",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "num_test_clips",
    "tflite_bytes",
    "zip_bytes",
    "params",
    "nonzero_params",
    "macs",
    "peak_ram_bytes",
    "device",
    "feature_ms",
    "inference_ms",
    "total_ms",
    "total_p99_ms",
    "latency_saving",
    "contended",
    "emulated",
    "slowed",
    "synthetic",
    "data",
    "identity",
    "folder",
    "message",
)


def to_csv(trials: Iterable[TrialSummary], study: Study | None = None) -> str:
    """Return one line per trial and device, figures in plain units; an empty cell was not measured."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for trial in trials:
        writer.writerows(_rows(trial, study))
    return text.getvalue()


def to_markdown(study: Study) -> str:
    """Return the study as a Markdown table, one row per trial and device."""
    head = (
        "",
        "trial",
        "accuracy",
        "clips",
        "zip kB",
        "plain kB",
        "parameters",
        "feature ms",
        "inference ms",
        "total ms",
        "saved",
        "device",
        "data",
    )
    rows = []
    for trial in study.summaries():
        data = _data(study, trial)
        if trial.accuracy is None:
            rows.append([trial.letter, trial.title, trial.state.value, *[""] * 9, data])
            continue
        for latency in trial.latencies:
            mark = CONTENDED_MARK if latency.contended else ""
            rows.append(
                [
                    trial.letter,
                    trial.title,
                    _accuracy(trial),
                    str(trial.num_test_clips),
                    _kb(trial.zip_bytes),
                    _kb(trial.tflite_bytes),
                    f"{trial.params:,}",
                    _ms(latency.feature_ms),
                    _ms(latency.inference_ms),
                    _ms(latency.total_ms) + mark,
                    "" if latency.saving is None else _percent(latency.saving),
                    latency.device + _marks(latency),
                    data,
                ]
            )
    notes = ["Accuracy of the `.tflite` file on the test part, ± half of the 95 % interval; kB = 1024 bytes."]
    if any(latency.contended for trial in study.summaries() for latency in trial.latencies):
        notes.append(f"{CONTENDED_MARK} measured while other trials were training: too high.")
    return f"# {study.name}\n\n{_table(head, rows)}\n" + "\n".join(notes) + "\n"


@dataclass(frozen=True)
class PublishedSystem:
    """One row of systems.toml: a published system, its figures, and the title of the trial that repeats it."""

    system: str
    what: str
    trial: str
    accuracy: float | None = None
    tflite_kb: float | None = None
    zip_kb: float | None = None
    inference_ms: float | None = None
    total_ms: float | None = None
    saving: float | None = None


def published_systems() -> tuple[PublishedSystem, ...]:
    """Return the published systems, in the order of the report."""
    text = resources.files("resources").joinpath("systems.toml").read_text(encoding="utf-8")
    return tuple(PublishedSystem(**row) for row in tomllib.loads(text)["systems"])


def systems_table(studies: Sequence[Study]) -> str:
    """Return a Markdown table: each published system's figures, those measured here, and on what data.

    A system is repeated by the latest finished trial of its title in any of the studies.
    """
    head = (
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
    rows = []
    for system in published_systems():
        published = [_percent(system.accuracy), _published_size(system), _published_latency(system)]
        found = _latest(studies, system.trial)
        if found is None:
            rows.append(
                [system.system, system.what, published[0], "", published[1], "", published[2], "", "not run yet"]
            )
            continue
        study, trial = found
        rows.append(
            [
                system.system,
                system.what,
                published[0],
                _accuracy(trial),
                published[1],
                _kb(trial.zip_bytes),
                published[2],
                _latency(trial),
                _data(study, trial),
            ]
        )
    note = (
        "Accuracy here: of the `.tflite` file on speakers not trained on, ± half of the 95 % interval. "
        "Latency here: features and inference of one clip on this machine, total as a whole. kB = 1024 bytes."
    )
    return f"{_table(head, rows)}\n{note}\n"


def renew_results(page: Path, studies: Sequence[Study]) -> None:
    """Replace what stands between the two result marks of a Markdown page by the table of published systems.

    Raises WorkbenchError when the page or its marks are not there.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise WorkbenchError(f"{page}: cannot be read ({error.strerror}); name the page to renew") from error
    before, opening, rest = text.partition(RESULTS_BEGIN)
    _, closing, after = rest.partition(RESULTS_END)
    if not (opening and closing):
        raise WorkbenchError(f"{page}: has no place for results; write {RESULTS_BEGIN} and {RESULTS_END} on two lines")
    write_atomically(page, f"{before}{opening}\n{systems_table(studies)}{closing}{after}")


def _latest(studies: Sequence[Study], title: str) -> tuple[Study, TrialSummary] | None:
    found = [
        (study, trial)
        for study in studies
        for trial in study.summaries()
        if trial.title == title and trial.state is TrialState.FINISHED
    ]
    return max(found, key=lambda pair: pair[1].created_s, default=None)


def _rows(trial: TrialSummary, study: Study | None) -> list[dict[str, Any]]:
    same = {name: getattr(trial, name) for name in COLUMNS if hasattr(trial, name)}
    same |= {"trial": trial.letter, "state": trial.state.value, "folder": trial.name}
    same |= {"data": _data(study, trial)} if study is not None else {}
    shown = {name: "" if value is None else value for name, value in same.items()}
    return [
        shown
        | {
            "device": latency.device,
            "feature_ms": latency.feature_ms,
            "inference_ms": latency.inference_ms,
            "total_ms": latency.total_ms,
            "total_p99_ms": latency.total_p99_ms,
            "latency_saving": "" if latency.saving is None else latency.saving,
            "contended": latency.contended,
            "emulated": latency.emulated,
            "slowed": latency.slowed,
        }
        for latency in trial.latencies
    ] or [shown]


def _data(study: Study, trial: TrialSummary) -> str:
    """Return the name of the folder of clips, how many labels and test clips, and the mark of synthetic ones."""
    try:
        spec = study.spec(trial.name)
    except WorkbenchError:
        return ""
    parts = [Path(value_at(spec, spec.data_field)).name]
    if trial.num_test_clips:
        parts.append(f"{trial.num_test_clips} test clips")
    if trial.synthetic:
        parts.append(f"**{SYNTHETIC_MARK}**")
    return ", ".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _accuracy(trial: TrialSummary) -> str:
    assert trial.accuracy is not None and trial.num_test_clips is not None
    low, high = wilson_interval(round(trial.accuracy * trial.num_test_clips), trial.num_test_clips)
    return f"{100 * trial.accuracy:.1f} % ± {50 * (high - low):.1f}"


def _published_size(system: PublishedSystem) -> str:
    return "" if system.zip_kb is None else f"{system.zip_kb:g}"


def _published_latency(system: PublishedSystem) -> str:
    parts = []
    if system.total_ms is not None:
        parts.append(f"{system.total_ms:g} ms")
    if system.inference_ms is not None:
        parts.append(f"inference {system.inference_ms:g} ms")
    if system.saving is not None:
        parts.append(f"{_percent(system.saving)} saved")
    return ", ".join(parts)


def _latency(trial: TrialSummary) -> str:
    latency = trial.latency_on()
    if latency is None:
        return ""
    saved = f", {_percent(latency.saving)} saved" if latency.saving else ""
    return f"{_ms(latency.total_ms)} ms{CONTENDED_MARK if latency.contended else ''}{saved}"


def _marks(latency: DeviceLatency) -> str:
    return (" (emulated)" if latency.emulated else "") + (" (throttled)" if latency.slowed else "")


def _kb(num_bytes: int | None) -> str:
    return (
        "" if num_bytes is None else f"{num_bytes / 1024:.3g}" if num_bytes < 1024_000 else f"{num_bytes / 1024:,.0f}"
    )


def _ms(value: float) -> str:
    return f"{value:.3g}"


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.1f} %"
