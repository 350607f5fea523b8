"""The Pareto chart of a study as a picture file, and its points as JSON values."""

import math
from pathlib import Path
from typing import Any, Literal

from core.errors import StudyError
from core.experiment.pareto import ACCURACY, TOTAL_MS, ZIP_BYTES, front_of, value_of
from core.experiment.store import Study, TrialState

X_AXES = {"size": ZIP_BYTES, "latency": TOTAL_MS}


def draw(study: Study, x: Literal["size", "latency"], out: Path) -> dict[str, Any]:
    """Write the picture and return what is on it.

    Raises StudyError when no trial is finished, WorkbenchError when the picture cannot be written.
    """
    from workbench.plots.pareto import render_pareto

    finished = [summary for summary in study.summaries() if summary.state is TrialState.FINISHED]
    if not finished:
        raise StudyError(f"{study.folder} has no finished trial to draw; train one first")
    objective = X_AXES[x]
    front = front_of(finished, (ACCURACY, objective))
    render_pareto(finished, x, out, constraints=study.constraints, reference=study.reference)
    points = [(summary, value_of(summary, objective)) for summary in finished]
    return {
        "out": str(out.resolve()),
        "x": objective.key,
        "synthetic": any(summary.synthetic for summary in finished),
        "trials": [
            {
                "name": summary.name,
                "letter": summary.letter,
                "title": summary.title,
                "accuracy": summary.accuracy,
                objective.key: None if math.isnan(value) else value,
                "on_front": summary.name in front,
                "synthetic": summary.synthetic,
            }
            for summary, value in points
        ],
    }
