"""One trial on a page: everything measured of it, what it changes and where its files are."""

from typing import TYPE_CHECKING, Any

from core.errors import ModelError
from core.experiment.marks import ALL_CLIPS, MEANINGS
from core.experiment.store import Study, TrialSummary
from core.results import Forecast, Latency, Timing, TrialResult
from core.section import differences
from workbench import console
from workbench.commands import quality_sheet, trial_table
from workbench.model_words import STATES
from workbench.number_format import count, kilobytes, milliseconds, percent
from workbench.trials.facts import STATE_NAMES, compare_specs, title_of

if TYPE_CHECKING:
    from core.evaluation.model_form import State


def as_document(study: Study, name: str) -> dict[str, Any]:
    """Return a trial with its spec, result, differences from the reference and files, as JSON values."""
    summary, spec, result = study.summary(name), study.spec(name), study.result(name)
    changed = differences(spec, study.spec(study.reference)) if study.reference else {}
    return {
        **trial_table.as_values(summary),
        "worse_than_persistence": summary.is_worse_than_persistence,
        "folder": str(study.folder_of(name).resolve()),
        "files": _files(study, name),
        "model_state": _state_or_fault(study, name)[0],
        "differs_from_reference": {path: {"here": ours, "there": theirs} for path, (ours, theirs) in changed.items()},
        "spec": spec.model_dump(mode="json"),
        **(quality_sheet.beside_accuracy(result.quality) if result else {}),
        "result": result.model_dump(mode="json") if result else None,
    }


def show(study: Study, name: str) -> None:
    """Draw a trial on stdout."""
    summary, result = study.summary(name), study.result(name)
    console.note(f"{summary.letter}  {title_of(summary)}  ({STATE_NAMES[summary.state].lower()})")
    if summary.message:
        console.note(summary.message)
    if summary.synthetic:
        console.note("Synthetic clips: the accuracy says little about people's voices.")
    if result is not None:
        _show_result(result)
    state, fault = _state_or_fault(study, name)
    if state != "none":
        console.note(f"Model       {STATES[state]}")
    if fault:
        console.note(f"Warning     {fault}")
    _show_differences(study, summary)
    console.note("")
    console.note(f"Folder: {study.folder_of(name).resolve()}")
    console.note(f"Files: {', '.join(_files(study, name))}")


def _state_or_fault(study: Study, name: str) -> tuple["State", str]:
    """Return what the trial's model remembers, and why it cannot be opened."""
    from core.evaluation.guarded_model import GuardedModel
    from core.experiment.model_choice import MODEL

    model = study.folder_of(name) / MODEL
    if not model.is_file():
        return "none", ""
    try:
        with GuardedModel(model) as opened:
            return opened.state, ""
    except ModelError as error:
        return "none", str(error)


def _show_result(result: TrialResult) -> None:
    footprint = result.footprint
    console.note("")
    console.note(
        f"Size        {kilobytes(footprint.zip_bytes)} kB zipped, {kilobytes(footprint.tflite_bytes)} kB plain"
    )
    console.note(f"Parameters  {count(footprint.params)}, of them not zero {count(footprint.nonzero_params)}")
    console.note(
        f"Work        {count(footprint.macs)} MACs, {kilobytes(footprint.peak_ram_bytes)} kB of RAM for tensors"
    )
    if result.decoders:
        console.note("Decoded     " + ", ".join(f"{name} by {what}" for name, what in result.decoders.items()))
    for warning in result.warnings:
        console.note(f"Warning     {warning}")
    console.note("")
    input_part = "window" if isinstance(result.quality, Forecast) else "features"
    for latency in result.latencies:
        _show_latency(latency, input_part)
    if result.origin:
        console.note(f"{ALL_CLIPS} {MEANINGS[ALL_CLIPS]}")
    quality_sheet.show(result.quality, result.synthetic)


def _show_latency(latency: Latency, input_part: str) -> None:
    parts: tuple[tuple[str, Timing], ...] = (
        (input_part, latency.feature), ("inference", latency.inference), ("total", latency.total),
    )  # fmt: skip
    known = (("contended", latency.contended), ("emulated", latency.emulated), ("throttled", latency.slowed))
    flaws = [flaw for flaw, so in known if so]
    plural = "s" if latency.num_threads > 1 else ""
    title = ", ".join([f"Latency on {latency.device}", f"{latency.num_threads} thread{plural}", *flaws])
    rows = [
        (what, milliseconds(time.median_ms), milliseconds(time.p90_ms), milliseconds(time.p99_ms), count(time.num_runs))
        for what, time in parts
    ]
    headings: console.Headings = (
        ("", "left"),
        ("median ms", "right"),
        ("p90 ms", "right"),
        ("p99 ms", "right"),
        ("runs", "right"),
    )
    console.show_table(title, headings, rows)
    if latency.saving:
        less_or_more = "less" if latency.saving > 0 else "more"
        console.note(f"In all {percent(abs(latency.saving))} % {less_or_more} time than {latency.reference_trial}")


def _show_differences(study: Study, summary: TrialSummary) -> None:
    if study.reference is None or study.reference == summary.name:
        return
    reference = study.summary(study.reference)
    changed = compare_specs(study.spec(summary.name), study.spec(study.reference))
    headings: console.Headings = (("setting", "left"), ("here", "left"), (f"in {reference.letter}", "left"))
    console.note("")
    console.show_table("Differs from the reference", headings, [(one.name, one.ours, one.theirs) for one in changed])


def _files(study: Study, name: str) -> list[str]:
    folder = study.folder_of(name)
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
