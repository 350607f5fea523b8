"""What the Devices page says of a device and of a benchmark on it, as rich text."""

from datetime import UTC, datetime
from html import escape

from core.datasets.column_names import name_of
from core.deploy.check import DeviceReport, skew_in_words
from core.experiment.marks import EMULATED, MEANINGS, SLOWED
from core.results import Conditions, DeviceAccuracy, DeviceErrors, DeviceRun, Latency
from workbench import number_format, theme
from workbench.devices.sentence import rich
from workbench.trials.sheets import table

MOST_DIFFERENCES = 4
_GB = 1024**3
_MB = 1024**2


def facts_sheet(report: DeviceReport) -> str:
    """Return what a device is and how it does."""
    facts = report.facts
    bits = f"{facts.machine}, {facts.cores} {'core' if facts.cores == 1 else 'cores'}"
    rows = [
        ("model", escape(facts.model)),
        ("system", escape(facts.os)),
        ("processor", escape(bits)),
        ("memory", f"{number_format.three_digits(facts.memory_bytes / _GB)} GB"),
        ("free disk", f"{number_format.three_digits(facts.free_disk_bytes / _GB)} GB"),
        ("Python", escape(_python(report))),
        ("runtime", escape(report.runtime)),
        ("temperature", "" if facts.temperature_c is None else f"{facts.temperature_c:.0f} °C"),
        ("governor", escape(facts.governor)),
        ("throttling", _throttling(report)),
        ("clock", _clock(report.clock_skew_s)),
    ]
    return table([(name, value) for name, value in rows if value])


def sentences_sheet(report: DeviceReport) -> str:
    """Return in sentences what is missing, and what is worth knowing."""
    palette = theme.current()
    lines = [f"<span style='color:{palette.bad}'>✗ {rich(text)}</span>" for text in report.missing]
    if not report.missing:
        lines.append(f"<span style='color:{palette.good}'>✓ Nothing that models need is missing.</span>")
    lines += [f"<span style='color:{palette.muted}'>{rich(text)}</span>" for text in report.notes]
    return "".join(f"<p style='margin: 0 0 6px 0'>{line}</p>" for line in lines)


def measured_sheet(latency: Latency, reference: str) -> str:
    """Return everything about a benchmark but its times; `reference` is how the reference trial is called.

    It is empty where this is the reference trial itself.
    """
    rows = []
    if not reference:
        rows.append(("saved", "this is the reference trial"))
    elif latency.saving is not None and latency.reference_total_ms is not None:
        total = number_format.milliseconds(latency.reference_total_ms)
        rows.append(("saved", f"{number_format.percent(latency.saving)} % of {escape(reference)}’s {total} ms"))
    run = latency.run
    if run is not None:
        rows += [
            ("errors", _errors(run.errors)) if run.errors else ("accuracy", _accuracy(run.accuracy)),
            ("memory", f"{_megabytes(run.resident_bytes)} MB, at most {_megabytes(run.peak_resident_bytes)} MB"),
            ("governor", escape(run.before.governor or "")),
            ("clock rate", _before_and_after(_gigahertz(run.before), _gigahertz(run.after), "GHz")),
            ("temperature", _before_and_after(_degrees(run.before), _degrees(run.after), "°C")),
            ("throttling", _slowing(run.before, run.after)),
            ("runtime", escape(f"{run.runtime}, Python {run.python}")),
            ("release", escape(run.release)),
        ]
    return table([(name, value) for name, value in rows if value])


def marks_sheet(latency: Latency) -> str:
    """Return what has to be known before the times are believed; nothing when there is nothing."""
    marks = ((EMULATED, latency.emulated), (SLOWED, latency.slowed))
    palette = theme.current()
    found = [f"{mark} {MEANINGS[mark]}" for mark, concerns in marks if concerns]
    return f"<span style='color:{palette.warning}'>{escape('; '.join(found))}</span>" if found else ""


def differences_sheet(run: DeviceRun) -> str:
    """Return the clips that device and desktop answered differently, or the forecasts that differ."""
    lines, count = [], 0
    if run.accuracy is not None:
        count = len(run.accuracy.differences)
        lines = [
            f"{escape(found.clip)}: {escape(found.there)} there, {escape(found.here)} here, is {escape(found.label)}"
            for found in run.accuracy.differences
        ]
    elif run.errors is not None:
        count = run.errors.num_differences
        lines = [
            f"{_moment(found.time_s)}, {escape(name_of(found.name))} {found.horizon} steps ahead: "
            f"{found.there:.3f} there, {found.here:.3f} here"
            for found in run.errors.differences
        ]
    more = count - len(lines[:MOST_DIFFERENCES])
    return "<br>".join([*lines[:MOST_DIFFERENCES], *([f"and {more:,} more"] if more > 0 else [])])


def _moment(time_s: int) -> str:
    """Return a time in the clock of the file it comes from."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M}"


def _errors(errors: DeviceErrors) -> str:
    """Return the errors on the device, and whether this machine's are the same within half a percent."""
    palette = theme.current()
    told = []
    for found in errors.quantities:
        there, here = (number_format.three_digits(mae) for mae in (found.mae, found.mae_here))
        verdict = "" if found.agrees else f" <span style='color:{palette.bad}'>✗ {here} here</span>"
        told.append(f"{escape(name_of(found.name))} <b>{there}</b> {escape(found.unit)}{verdict}")
    agreed = f", <span style='color:{palette.good}'>✓</span> as here" if errors.agrees else ""
    return f"{', '.join(told)} on {errors.num_windows:,} windows{agreed}"


def _accuracy(accuracy: DeviceAccuracy | None) -> str:
    if accuracy is None:
        return "not judged there: the clips were not at hand"
    there = number_format.percent(accuracy.num_right / accuracy.num_clips)
    here = number_format.percent(accuracy.num_right_here / accuracy.num_clips)
    palette = theme.current()
    if accuracy.agrees:
        verdict = f"<span style='color:{palette.good}'>✓</span> as here"
        verdict += "" if there == here else f" ({here} %)"
    else:
        verdict = f"<span style='color:{palette.bad}'>✗ {here} % here</span>"
    return f"<b>{there}</b> % of {accuracy.num_clips:,} clips, {verdict}"


def _python(report: DeviceReport) -> str:
    """Return the version of the Python that models would run on, else of those there are."""
    if report.python:
        return report.python
    return ", ".join(python.short_version for python in report.facts.pythons) or "none"


def _throttling(report: DeviceReport) -> str:
    throttling = report.facts.throttling
    if throttling is None:
        return ""
    if throttling.now:
        return f"<span style='color:{theme.current().bad}'>{escape(', '.join(throttling.now))}</span>"
    since = ", ".join(throttling.since_boot)
    return f"none now; since it started: {escape(since)}" if since else "none"


def _clock(skew_s: float) -> str:
    if abs(skew_s) < 1:
        return "right"
    return f"{skew_in_words(skew_s)} {'ahead' if skew_s > 0 else 'behind'}"


def _slowing(before: Conditions, after: Conditions) -> str:
    """Return what the board said about throttling; nothing where it does not tell."""
    if before.throttled is None and after.throttled is None:
        return ""
    told = [*(before.throttled or {}).get("now", ()), *(after.throttled or {}).get("now", ())]
    return escape(", ".join(dict.fromkeys(told))) or "none"


def _degrees(conditions: Conditions) -> str:
    return "" if conditions.temperature_c is None else f"{conditions.temperature_c:.0f}"


def _gigahertz(conditions: Conditions) -> str:
    return "" if not conditions.frequency_hertz else number_format.three_digits(conditions.frequency_hertz / 1e9)


def _before_and_after(before: str, after: str, unit: str) -> str:
    if not (before or after):
        return ""
    return f"{before or after} {unit}" if before == after else f"{before or '–'} → {after or '–'} {unit}"


def _megabytes(num_bytes: int) -> str:
    return number_format.three_digits(num_bytes / _MB)
