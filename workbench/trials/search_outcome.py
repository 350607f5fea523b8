"""What a search found: how many of its trials meet the constraints, and the best of them. Knows nothing of Qt."""

from collections.abc import Sequence
from typing import Any

from core.experiment.search import best_trial
from core.experiment.store import Study, TrialState, TrialSummary
from workbench.number_format import kilobytes
from workbench.trials.facts import limits_of, title_of


def as_values(study: Study, summaries: Sequence[TrialSummary]) -> dict[str, Any]:
    """Return the outcome as JSON values; `best` is a trial's name, None where nothing was asked or is finished."""
    constraints = study.constraints
    best = best_trial(summaries, constraints) if constraints.bounds() else None
    return {
        "num_trials": len(summaries),
        "num_meeting": len(_meeting(study, summaries)) if constraints.bounds() else None,
        "best": best.name if best else None,
        "misses": constraints.misses(best) if best else {},
    }


def sentence(study: Study, summaries: Sequence[TrialSummary]) -> str:
    """Return the outcome in words; nothing where nothing was asked or is finished."""
    constraints = study.constraints
    best = best_trial(summaries, constraints)
    if best is None or not constraints.bounds():
        return ""
    named = f"{best.letter}, {title_of(best)}"
    meeting = len(_meeting(study, summaries))
    if meeting:
        verb = "meets" if meeting == 1 else "meet"
        return (
            f"{meeting} of {len(summaries)} trials {verb} the constraints. "
            f"The smallest file of them: {named}, {kilobytes(best.zip_bytes)} kB"
        )
    missed = (f"{limit.words}, is {limit.figure}" for limit in limits_of(best, constraints) if not limit.met)
    return f"None of {len(summaries)} trials meets the constraints. Least is missed by {named}: {'; '.join(missed)}"


def _meeting(study: Study, summaries: Sequence[TrialSummary]) -> list[TrialSummary]:
    constraints = study.constraints
    return [trial for trial in summaries if trial.state is TrialState.FINISHED and constraints.met_by(trial)]
