"""Which combinations to try next: a tree-structured Parzen estimator over what finished trials showed.

Bergstra et al., "Algorithms for Hyper-Parameter Optimization", 2011; Ozaki et al., "Multiobjective Tree-Structured
Parzen Estimator", 2022; with constraints as Optuna has them. It keeps nothing here: all trials are told
anew each time.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from core.experiment.constraints import Constraints
from core.experiment.pareto import TOTAL_MS, ZIP_BYTES, Objective, quality_objectives, value_of
from core.experiment.summary import TrialSummary

Choice = tuple[int, ...]
"""Index of the value of each axis."""

RANDOM_TRIALS = 4
NUM_CANDIDATES = 4
"""Trials at random before any is chosen, and candidates for one choice.

Of 16 trials on made-up axes of 288 combinations, 6 % of which met the constraints, 2.8 did so; 1.8 with Optuna's 24
candidates, which come to be always the same, and 1.1 at random.
"""
MOST_REPEATS = 30


def objectives_of(trials: Sequence[TrialSummary], constraints: Constraints) -> tuple[Objective, ...]:
    """Return what a search weighs: quality, zipped bytes, and the latency where it is asked for."""
    times = (TOTAL_MS,) if constraints.total_ms_max is not None else ()
    return (*quality_objectives(trials), ZIP_BYTES, *times)


def propose(
    sizes: Sequence[int],
    finished: Mapping[Choice, TrialSummary],
    constraints: Constraints,
    count: int,
    is_new: Callable[[Choice], bool],
    seed: int,
) -> list[Choice]:
    """Return up to `count` choices of `sizes` values an axis that are new, fewer when mostly known ones come up.

    The same trials and seed give the same choices, whether or not a search was cut short between.
    """
    # Loaded here, because a study is opened, shown and swept without it.
    import optuna
    from optuna.distributions import CategoricalDistribution
    from optuna.trial import TrialState, create_trial

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    objectives = objectives_of(list(finished.values()), constraints)
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=RANDOM_TRIALS, n_ei_candidates=NUM_CANDIDATES, seed=seed + len(finished)
    )
    directions = ["minimize" if objective.sign > 0 else "maximize" for objective in objectives]
    study = optuna.create_study(sampler=sampler, directions=directions)
    # Indices stand for values, so that a list is as good an option as a number.
    axes = {str(place): CategoricalDistribution(range(size)) for place, size in enumerate(sizes)}
    for choice, trial in finished.items():
        values = [value_of(trial, objective) for objective in objectives]
        if not any(map(math.isnan, values)):
            params = {str(place): index for place, index in enumerate(choice)}
            misses = constraints.misses(trial)
            study.add_trial(create_trial(values=values, params=params, distributions=axes, constraints=misses))
    proposals: list[Choice] = []
    for _ in range(count + MOST_REPEATS):
        if len(proposals) == count:
            break
        asked = study.ask(axes)
        choice = tuple(asked.params[name] for name in axes)
        if is_new(choice):
            proposals.append(choice)
        else:
            study.tell(asked, state=TrialState.FAIL)
    return proposals
