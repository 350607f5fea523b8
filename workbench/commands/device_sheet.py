"""What a device is, and what was measured on it, on a page."""

from datetime import UTC, datetime
from typing import Any

from core.datasets.column_names import name_of
from core.deploy.check import DeviceReport
from core.deploy.devices import Device
from core.results import DeviceRun, Latency
from workbench import console
from workbench.number_format import NOTHING, milliseconds, percent, three_digits

_BYTES_PER_MB = 1024**2
_DIFFERENCES_NAMED = 10


def show_devices(devices: tuple[Device, ...]) -> None:
    """Draw the devices known."""
    headings: console.Headings = tuple((name, "left") for name in ("name", "host", "port", "user", "key"))
    rows = [
        (each.name, each.host, str(each.port or NOTHING), each.user or NOTHING, each.key or NOTHING) for each in devices
    ]
    console.show_table("", headings, rows)


def show_report(report: DeviceReport) -> None:
    """Draw a checked device."""
    facts = report.facts
    processor = [_celsius(facts.temperature_c)] if facts.temperature_c is not None else []
    processor += [f"governor {facts.governor}"] if facts.governor else []
    if facts.throttling is not None:
        processor.append(f"throttled {', '.join(facts.throttling.now) or 'no'}")
    lines = {
        "Model": facts.model + (" (emulated)" if facts.emulated else ""),
        "System": f"{facts.os}, {facts.machine}, {facts.cores} cores",
        "Memory": f"{_megabytes(facts.memory_bytes)}, {_megabytes(facts.free_disk_bytes)} of disk free",
        "Processor": ", ".join(processor) or "tells neither temperature nor governor",
        "Python": f"{report.python or NOTHING}, would run {report.runtime or 'nothing'}",
        "Release": f"{facts.release or NOTHING}, before it {facts.previous or NOTHING}",
    }
    for name, text in lines.items():
        console.note(f"{name:<10} {text}")
    for sentence in (*report.missing, *report.notes):
        console.note(sentence)


def show_benchmark(title: str, latency: Latency) -> None:
    """Draw what was measured of one trial on a device."""
    run = latency.run
    assert run is not None
    marks = [mark for mark, so in (("emulated", latency.emulated), ("throttled", latency.slowed)) if so]
    input_part = "window" if run.errors else "features"
    headings: console.Headings = (
        ("threads", "right"), (f"{input_part} ms", "right"), ("inference ms", "right"), ("total ms", "right"),
        ("p90", "right"), ("p99", "right"), ("max", "right"),
    )  # fmt: skip
    rows = [
        (str(each.num_threads), milliseconds(each.feature.median_ms), milliseconds(each.inference.median_ms),
         milliseconds(each.total.median_ms), milliseconds(each.total.p90_ms), milliseconds(each.total.p99_ms),
         milliseconds(each.total.max_ms))
        for each in run.by_threads
    ]  # fmt: skip
    console.show_table(", ".join([f"{title} on {latency.device} ({run.board}, {run.runtime})", *marks]), headings, rows)
    told = [f"{_megabytes(run.peak_resident_bytes)} resident at most"]
    if run.before.temperature_c is not None:
        told.append(f"{_celsius(run.before.temperature_c)} before, {_celsius(run.after.temperature_c)} after")
    told += [f"governor {run.after.governor}"] if run.after.governor else []
    console.note("; ".join(told))
    if latency.saving:
        share = percent(abs(latency.saving))
        verb = f"Saves {share} % of" if latency.saving > 0 else f"Adds {share} % to"
        console.note(f"{verb} the total latency of {latency.reference_trial}")
    _show_accuracy(run)
    _show_errors(run)


def _show_accuracy(run: DeviceRun) -> None:
    accuracy = run.accuracy
    if accuracy is None:
        return
    there, here = accuracy.num_right / accuracy.num_clips, accuracy.num_right_here / accuracy.num_clips
    verdict = "equal within 0.5 points" if accuracy.agrees else "not equal"
    console.note(f"Right on {percent(there)} % of {accuracy.num_clips} clips there, {percent(here)} % here: {verdict}")
    for each in accuracy.differences[:_DIFFERENCES_NAMED]:
        console.note(f"    {each.clip}: {each.there} there, {each.here} here")


def _show_errors(run: DeviceRun) -> None:
    errors = run.errors
    if errors is None:
        return
    there, here = (
        ", ".join(
            f"{name_of(each.name)} {three_digits(mae)} {each.unit}"
            for each, mae in zip(errors.quantities, maes, strict=True)
        )
        for maes in ([each.mae for each in errors.quantities], [each.mae_here for each in errors.quantities])
    )
    verdict = "equal within 0.5 %" if errors.agrees else "not equal"
    console.note(f"Error on {errors.num_windows} windows there: {there}; here: {here}: {verdict}")
    for each in errors.differences[:_DIFFERENCES_NAMED]:
        when = f"{datetime.fromtimestamp(each.time_s, UTC):%Y-%m-%d %H:%M}, {each.horizon} steps ahead"
        console.note(f"    {when}: {name_of(each.name)} {each.there:.3f} there, {each.here:.3f} here")
    if errors.num_differences > _DIFFERENCES_NAMED:
        console.note(f"    and {errors.num_differences - _DIFFERENCES_NAMED:,} more")


def measured_latencies(answer: dict[str, Any]) -> list[tuple[str, Latency]]:
    """Return trial and latency of each measured trial in a job's answer."""
    return [(each["trial"], Latency.model_validate(each["latency"])) for each in answer["trials"]]


def _megabytes(num_bytes: int) -> str:
    return f"{num_bytes / _BYTES_PER_MB:,.0f} MB"


def _celsius(temperature_c: float | None) -> str:
    return NOTHING if temperature_c is None else f"{temperature_c:.0f} °C"
