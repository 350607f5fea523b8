"""Charts and tables written to files that the user names."""

from collections.abc import Sequence
from pathlib import Path

from core.errors import WorkbenchError
from core.experiment.report import to_csv
from core.experiment.store import Study, TrialSummary
from workbench.plots.export import save_picture
from workbench.plots.pareto import ParetoChart


def export_picture(chart: ParetoChart, path: Path, study: str) -> None:
    """Write a chart as it is shown, PNG or SVG. Raises WorkbenchError."""
    save_picture(chart, path, f"{study}: {chart.rating.title} over {chart.quantity.title}")


def export_table(study: Study, trials: Sequence[TrialSummary], path: Path) -> None:
    """Write trials as CSV, in the order given. Raises WorkbenchError when the file cannot be written."""
    try:
        path.write_text(to_csv(study, trials), encoding="utf-8", newline="")
    except OSError as error:
        raise WorkbenchError(f"{path} could not be written ({error.strerror}); choose another place") from error


def export_as(kind: str, path: Path, study: Study, chart: ParetoChart, trials: Sequence[TrialSummary]) -> Path:
    """Write PNG or SVG of a chart, or CSV of the trials, and return the file written. Raises WorkbenchError."""
    target = path.with_suffix(f".{kind.lower()}")
    if kind == "CSV":
        export_table(study, trials, target)
    else:
        export_picture(chart, target, study.name)
    return target
