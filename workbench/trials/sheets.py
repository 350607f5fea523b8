"""What the details panel says, as rich text: small tables with figures at the right."""

import stat
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from core.datasets.column_names import name_of
from core.datasets.time_texts import timespan
from core.experiment.marks import MEANINGS, accuracy_marks, latency_marks, quality_marks
from core.experiment.store import TrialSummary
from core.results import Classification, Forecast, LabelScore, Latency, TrialResult
from workbench import number_format, theme
from workbench.trials.facts import Difference, Limit, title_of

Cell = str
MOST_CHANGES = 5
"""So many differences a hover says; the details say all."""


def table(rows: Iterable[Sequence[Cell]], head: Sequence[Cell] = ()) -> str:
    """Return rows as a table: the first column at the left and muted, the others at the right."""
    muted = theme.current().muted
    lines = []
    if head:
        cells = "".join(
            f"<td align='{'left' if index == 0 else 'right'}' style='padding: 0 0 2px {0 if index == 0 else 14}px'>"
            f"<span style='color:{muted}'>{cell}</span></td>"
            for index, cell in enumerate(head)
        )
        lines.append(f"<tr>{cells}</tr>")
    for first, *others in rows:
        cells = f"<td style='padding: 1px 0'><span style='color:{muted}'>{first}</span></td>"
        cells += "".join(f"<td align='right' style='padding: 1px 0 1px 14px'>{cell}</td>" for cell in others)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table width='100%' cellspacing='0'>{''.join(lines)}</table>" if lines else ""


def limits_sheet(limits: Sequence[Limit]) -> str:
    """Return how a trial stands to each constraint, with a sign that is not colour alone."""
    palette = theme.current()
    signs = {
        True: ("✓", palette.good, "met"),
        False: ("✗", palette.bad, "not met"),
        None: ("", palette.muted, "not measured"),
    }
    rows = []
    for limit in limits:
        sign, colour, words = signs[limit.met]
        rows.append(
            (escape(limit.words), limit.figure, f"<span style='color:{colour}'>{sign} {words or 'not measured'}</span>")
        )
    return table(rows)


def figures_sheet(trial: TrialSummary, result: TrialResult | None, device: str) -> str:
    """Return the figures of a finished trial, an accuracy with its uncertainty; the accuracy so far of another."""
    if result is None:
        if trial.validation_accuracy is None:
            return ""
        return table([("validation accuracy", f"{number_format.percent(trial.validation_accuracy)} %")])
    quality, footprint = result.quality, result.footprint
    forecasts = isinstance(quality, Forecast)
    rows = [
        *(_accuracy_rows(trial, quality) if isinstance(quality, Classification) else ()),
        ("zip", f"<b>{number_format.kilobytes(footprint.zip_bytes)}</b> kB"),
        ("plain", f"{number_format.kilobytes(footprint.tflite_bytes)} kB"),
        *_latency_rows(result.latency_on(device), trial, device),
        ("parameters", number_format.count(footprint.params)),
        ("non-zero", number_format.count(footprint.nonzero_params)),
        ("MACs", number_format.count(footprint.macs) if forecasts else f"{number_format.millions(footprint.macs)} M"),
        ("RAM", f"{number_format.kilobytes(footprint.peak_ram_bytes)} kB"),
        ("training", _stretch(result.training_seconds)),
        ("training examples", number_format.count(result.num_training_examples)),
        *((f"{escape(name)} decoded by", escape(what)) for name, what in result.decoders.items()),
    ]
    errors = errors_sheet(trial, quality) if isinstance(quality, Forecast) else ""
    note = _muted("kB are 1024 bytes. Latency: median at batch 1.")
    return f"{errors}{table(rows)}<p style='margin-top:4px'>{note}</p>"


def _stretch(seconds: float) -> str:
    if seconds < 60:
        return f"{number_format.three_digits(seconds)} s"
    return f"{number_format.duration(seconds)} {'h' if round(seconds) >= 3600 else 'min'}"


def _accuracy_rows(trial: TrialSummary, quality: Classification) -> list[tuple[str, str]]:
    low, high = quality.interval
    strong = number_format.percent_with_margin(quality.accuracy, low, high)
    return [
        ("accuracy", f"<b>{strong}</b> %{accuracy_marks(trial)}"),
        ("", _muted(f"{number_format.percent(low)}–{number_format.percent(high)} %, {quality.num_clips:,} clips")),
        ("balanced accuracy", f"{number_format.percent(quality.balanced_accuracy)} %"),
        (f"always {escape(quality.largest_label)}", f"{number_format.percent(quality.largest_share)} %"),
    ]


def errors_sheet(trial: TrialSummary, quality: Forecast) -> str:
    """Return the mean absolute error of each quantity beside those of the baselines, worse ones in words too."""
    rows, gains = [], []
    for found in quality.quantities:
        this, still, fitted = (number_format.three_digits(errors.mae) for errors in found.rivals)
        name = f"{escape(name_of(found.name))} error"
        words = f"{name}, {escape(found.unit)}" if found.unit else name
        rows.append((words.replace(" ", "&nbsp;"), f"<b>{this}</b>{quality_marks(trial, found.name)}", still, fitted))
        if found.gain is None:
            gains.append(f"{name}: nothing changes, so that persistence is right.")
            continue
        change = f"{number_format.percent(abs(found.gain))} % {'less' if found.gain >= 0 else 'more'}"
        gains.append(f"{name} is {change} than persistence's.")
    ahead = quality.step_minutes * len(quality.quantities[0].file.by_horizon)
    gains.append(f"Mean absolute errors over {quality.num_windows:,} test windows, up to {timespan(60 * ahead)} ahead.")
    said = _muted("<br>".join(gains))
    head = ("", "this", "persistence", "linear")
    return f"{table(rows, head)}<p style='margin-top:4px; margin-bottom:8px'>{said}</p>"


def _latency_rows(latency: Latency | None, trial: TrialSummary, device: str) -> list[tuple[str, str]]:
    if latency is None:
        return [("total", _muted(f"not measured on {escape(device) or 'this machine'}"))]
    signs = latency_marks(trial.latency_on(device))
    total = latency.total
    tail = f"p99 {number_format.milliseconds(total.p99_ms)}, {total.num_runs:,} runs, {escape(latency.device)}"
    rows = [
        ("total", f"<b>{number_format.milliseconds(total.median_ms)}</b> ms{signs}"),
        ("", _muted(tail)),
        ("input" if trial.errors else "features", f"{number_format.milliseconds(latency.feature.median_ms)} ms{signs}"),
        ("inference", f"{number_format.milliseconds(latency.inference.median_ms)} ms{signs}"),
    ]
    if latency.saving is not None:
        rows.append(("latency saved", f"{number_format.percent(latency.saving)} %{signs}"))
    return rows


def truths_sheet(trial: TrialSummary, device: str) -> str:
    """Return what must be known before believing the figures: signs with their meaning, then the warnings."""
    signs = accuracy_marks(trial) + latency_marks(trial.latency_on(device))
    lines = [f"{sign} {MEANINGS[sign]}" for sign in signs]
    return "<br>".join([*lines, *(escape(warning) for warning in trial.warnings)])


def differences_sheet(differences: Sequence[Difference], *, is_reference: bool) -> str:
    """Return what a trial changes, the reference's value last."""
    if is_reference:
        return _muted("This is the reference trial.")
    if not differences:
        return _muted("Nothing.")
    rows = [(escape(found.name), f"<b>{escape(found.ours)}</b>", _muted(escape(found.theirs))) for found in differences]
    return table(rows, ("", "this", "reference"))


def labels_sheet(scores: Sequence[LabelScore]) -> str:
    """Return precision and recall per label."""
    rows = [
        (
            escape(score.label),
            number_format.percent(score.precision),
            number_format.percent(score.recall),
            str(score.num_clips),
        )
        for score in scores
    ]
    return table(rows, ("", "precision, %", "recall, %", "clips"))


def files_sheet(folder: Path) -> str:
    """Return the files of a trial with their sizes; nothing of one that lies elsewhere, by a link."""
    own = [] if folder.is_symlink() else folder.iterdir()
    files = sorted(path for path in own if stat.S_ISREG(path.lstat().st_mode) and not path.name.startswith("."))
    rows = [(escape(path.name), f"{number_format.kilobytes(path.stat().st_size)} kB") for path in files]
    return table(rows)


def hover_card(trial: TrialSummary, device: str, differences: Sequence[Difference]) -> str:
    """Return what a point on a chart says of its trial."""
    figures = " · ".join(_unbroken(figure) for figure in _figures_of(trial, device))
    lines = [f"<b>{trial.letter}</b>&nbsp; {escape(title_of(trial))}", figures]
    if differences:
        words = ", ".join(f"{found.name} {found.ours}" for found in differences[:MOST_CHANGES])
        more = len(differences) - MOST_CHANGES
        lines.append(_muted(escape(words + (f", {more} more" if more > 0 else ""))))
    return "<br>".join(lines)


def outcome(trial: TrialSummary, device: str) -> str:
    """Return on one line what came of a trial: how well it does, its size and its latency."""
    return " · ".join(_figures_of(trial, device))


def _figures_of(trial: TrialSummary, device: str) -> list[str]:
    latency = trial.latency_on(device)
    figures = [
        *_quality_words(trial),
        f"zip {number_format.kilobytes(trial.zip_bytes)} kB" if trial.zip_bytes is not None else "",
        f"total {number_format.milliseconds(latency.total_ms)} ms{latency_marks(latency)}" if latency else "",
    ]
    return [figure for figure in figures if figure]


def _unbroken(words: str) -> str:
    """Keep a figure and its unit on one line."""
    return escape(words).replace(" ", "&nbsp;")


def _quality_words(trial: TrialSummary) -> list[str]:
    if trial.errors:
        return [
            f"{name_of(error.name)} {number_format.three_digits(error.mae)} {error.unit}"
            f"{quality_marks(trial, error.name)}"
            for error in trial.errors
        ]
    if trial.accuracy is not None:
        margin = number_format.percent_with_margin(trial.accuracy, trial.accuracy_low, trial.accuracy_high)
        return [f"accuracy {margin} %{accuracy_marks(trial)}"]
    if trial.validation_accuracy is not None:
        return [f"{number_format.percent(trial.validation_accuracy)} % on validation so far"]
    return []


def _muted(text: str) -> str:
    return f"<span style='color:{theme.current().muted}'>{text}</span>"
