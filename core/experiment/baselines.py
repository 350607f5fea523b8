"""What any forecaster must beat, judged on the windows that trials were judged on."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.experiment.summary import ForecastError, TrialSummary


@dataclass(frozen=True)
class Baseline:
    """A forecast that needs no network: that nothing changes, or a linear model's."""

    title: str
    horizon_minutes: float
    """How far ahead its last value is."""
    num_test_windows: int
    errors: tuple[ForecastError, ...]
    """Of each quantity; `mae` is the baseline's own."""

    def error_of(self, name: str) -> ForecastError | None:
        """Return the error of a quantity by its column, None where it is not forecast."""
        return next((error for error in self.errors if error.name == name), None)


def baselines_of(trials: Iterable[TrialSummary]) -> tuple[Baseline, ...]:
    """Return persistence and a linear model for each horizon and data that any of the trials was judged on, once."""
    # Of thousands of trials judged on the same windows one is enough.
    alike = {_judged_on(trial): trial for trial in trials if trial.errors}
    found = [baseline for trial in alike.values() for baseline in _of_trial(trial)]
    return tuple(dict.fromkeys(found))


def _judged_on(trial: TrialSummary) -> tuple[object, ...]:
    rivals = tuple((error.name, error.persistence_mae, error.linear_mae) for error in trial.errors)
    return trial.horizon_minutes, trial.num_test_windows, rivals


def _of_trial(trial: TrialSummary) -> tuple[Baseline, Baseline]:
    still = tuple(replace(error, mae=error.persistence_mae) for error in trial.errors)
    fitted = tuple(replace(error, mae=error.linear_mae) for error in trial.errors)
    judged_on = (trial.horizon_minutes or 0.0, trial.num_test_windows or 0)
    return Baseline("Persistence", *judged_on, still), Baseline("Linear model", *judged_on, fitted)
