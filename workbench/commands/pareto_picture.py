"""The Pareto chart of a study as a picture file, and its points as JSON values."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from core.errors import StudyError
from core.experiment.baselines import baselines_of
from core.experiment.pareto import ERROR, TOTAL_MS, ZIP_BYTES, Objective, front_of, quality_objectives, value_of
from core.experiment.store import Study, TrialState, TrialSummary

X_AXES = {"size": ZIP_BYTES, "latency": TOTAL_MS}


def draw(study: Study, x: Literal["size", "latency"], out: Path, y: str = "") -> dict[str, Any]:
    """Write the picture and return what is on it; `y` names the column of a quantity that is forecast.

    Raises StudyError when no trial is finished or none forecasts that quantity, WorkbenchError when the picture cannot
    be written.
    """
    from workbench.plots.pareto import render_pareto
    from workbench.plots.trial_points import rating_of

    finished = [summary for summary in study.summaries() if summary.state is TrialState.FINISHED]
    if not finished:
        raise StudyError(f"{study.folder} has no finished trial to draw; train one first")
    objective, quality = X_AXES[x], _quality(study, finished, y)
    front = front_of(finished, (quality, objective))
    rating = rating_of(quality)
    render_pareto(finished, x, out, constraints=study.constraints, reference=study.reference, rating=rating)
    baselines = {
        f"{baseline.title.lower()}, {baseline.horizon_minutes:g} min": error.mae
        for baseline in baselines_of(finished)
        if (error := baseline.error_of(quality.key.removeprefix(ERROR)))
    }
    points = [(summary, value_of(summary, objective)) for summary in finished]
    return {
        "out": str(out.resolve()),
        "x": objective.key,
        "y": quality.key,
        "other_quantities": [column for column in _columns(finished) if f"{ERROR}{column}" != quality.key],
        "baselines": baselines,
        "synthetic": any(summary.synthetic for summary in finished),
        "trials": [
            {
                "name": summary.name,
                "letter": summary.letter,
                "title": summary.title,
                quality.key: _known(value_of(summary, quality)),
                objective.key: _known(value),
                "on_front": summary.name in front,
                "synthetic": summary.synthetic,
                "origin": summary.origin,
                "worse_than_persistence": summary.is_worse_than_persistence,
            }
            for summary, value in points
        ],
    }


def _quality(study: Study, finished: Sequence[TrialSummary], column: str) -> Objective:
    """Return the quality that a column names; the first that the trials have when it names none."""
    known = quality_objectives(finished)
    if not column:
        return known[0]
    for objective in known:
        if objective.key == f"{ERROR}{column}":
            return objective
    names = ", ".join(_columns(finished)) or "no forecasts"
    raise StudyError(f"no trial of {study.folder} forecasts {column!r}; it has {names}")


def _columns(finished: Sequence[TrialSummary]) -> list[str]:
    """Return the columns of the quantities that any trial forecasts."""
    return list(dict.fromkeys(error.name for trial in finished for error in trial.errors))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
