"""Searches: what may be tried, what earlier trials and constraints make of it, and how one goes on."""

import contextlib
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from core.errors import SpecError, TrialCancelled, WorkbenchError
from core.events import EpochEnded, Event, Progressed, TrialFailed
from core.experiment import pool
from core.experiment.constraints import Constraints
from core.experiment.proposals import RANDOM_TRIALS, propose
from core.experiment.search import Search, best_trial, load_search, missed
from core.experiment.search_runner import run_search
from core.experiment.store import Study, TrialState
from core.experiment.summary import ForecastError, TrialSummary
from core.experiment.sweep import Sweep, load_sweep
from core.spec import identity
from tests.series import write_series

AXES = {
    "model.units": [[], [2], [4]],
    "pruning.schedule": ["none", "polynomial"],
    "pruning.final_sparsity": [0.5, 0.7],
}
HEAD = '[base]\ntask = "forecasting"\n[axes]\n"model.units" = [[2], [4]]\n'


def search_on(file: Path | str, axes=AXES, num_trials=24, **changes) -> Search:
    base = {
        "task": "forecasting",
        "name": "tiny",
        "dataset": {"file": str(file)},
        "model": {"family": "mlp"},
        "training": {"epochs": 1},
        "pruning": {"fine_tuning_epochs": 1},
        "measurement": {"num_runs": 10, "warmup_runs": 1},
    }
    return Search(Sweep(base | changes, axes), num_trials)


def told(zip_bytes: int, mae: float, number: int = 1) -> TrialSummary:
    error = ForecastError("T (degC)", "°C", mae, 1.0, 1.0)
    return TrialSummary(
        name=f"{number:04d}",
        number=number,
        letter="A",
        title="",
        identity=str(number),
        state=TrialState.FINISHED,
        created_s=0,
        zip_bytes=zip_bytes,
        errors=(error,),
        task="forecasting",
    )


@pytest.fixture
def study(tmp_path) -> Study:
    return Study.create(tmp_path / "study")


def test_a_search_is_a_sweep_with_a_number_of_trials(tmp_path):
    path = tmp_path / "search.toml"
    path.write_text(HEAD + "[constraints]\nzip_kb_max = 2\n[search]\nnum_trials = 3\nseed = 5\n", encoding="utf-8")
    found = load_search(path, ["training.epochs=7"], tmp_path / "x.csv")
    assert (found.num_trials, found.seed, found.sweep.constraints) == (3, 5, Constraints(zip_bytes_max=2048))
    specs = found.examples()
    assert {(spec.model.units, spec.training.epochs) for spec in specs} == {((2,), 7), ((4,), 7)}
    with pytest.raises(SpecError, match="workbench search"):
        load_sweep(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}[search]\nnum_trials = 0\n", "search.num_trials: must be a whole number from 1 on"),
        (f"{HEAD}[search]\ntrials = 3\n", "search.trials: unknown; use one of: num_trials, seed"),
        ("search = 3\n", "search: must be a table"),
        ("[base]\n[[trials]]\nname = 'x'\n", r"trials: a search varies .axes."),
        ("[base]\n[axes]\na = 3\n", "a: must be a list of values"),
        (f"{HEAD}'model.colour' = [1]\n", "model.colour: unknown field"),
        (f"{HEAD}'model.kernel' = [3, 900]\n", "model.kernel: .*900"),
    ],
)
def test_a_bad_search_file_is_named_with_the_fault(tmp_path, text, said):
    path = tmp_path / "search.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=said) as error:
        load_search(path, data=tmp_path / "x.csv").examples()
    assert "search.toml" in str(error.value)


def test_a_combination_is_found_again_in_its_spec():
    search = search_on("/x.csv")
    for choice in ((0, 1, 0), (2, 1, 1)):
        assert search.choice_of(search.spec_at(choice)) == choice
    # A sparsity has no effect where nothing is pruned, so that these are one trial.
    assert identity(search.spec_at((1, 0, 1))) == identity(search.spec_at((1, 0, 0)))
    assert search.choice_of(search.spec_at((1, 0, 1))) == (1, 0, 0)
    assert search_on("/other.csv").choice_of(search.spec_at((0, 1, 0))) is None
    assert search_on("/x.csv", {"model.units": [[3]]}).choice_of(search.spec_at((1, 0, 0))) is None


def test_contradictions_are_not_proposed_unless_nothing_else_is_left():
    axes = {"model.family": ["mlp", "conv1d"], "model.kernel": [3, 50], "model.filters": [[2], [3]]}
    search = search_on("/x.csv", axes)
    # A kernel of 50 steps fits into no window of 6, and without a convolution it has no effect.
    assert len(search.examples()) == 6
    assert search.identity_at((1, 1, 0)) == ""
    assert search.any_of(lambda choice: search.identity_at(choice) == "") in {(1, 1, 0), (1, 1, 1)}


def test_the_same_trials_give_the_same_proposals():
    finished = {(place, place % 3): told(1000 + place, 1 / (place + 1)) for place in range(6)}
    chosen = [propose((8, 3), finished, Constraints(), 3, lambda choice: choice not in finished, 4) for _ in range(2)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 3
    assert all(choice not in finished and 0 <= choice[0] < 8 and 0 <= choice[1] < 3 for choice in chosen[0])


def test_constraints_steer():
    """Small files have large errors: what is asked of the error decides at which end of the axis is searched."""
    finished = {(place, 0): told(1000 + 100 * place, 1 - 0.04 * place) for place in range(0, 20, 2)}
    assert len(finished) > RANDOM_TRIALS

    def mean_place(constraints: Constraints) -> float:
        chosen = [propose((20, 4), finished, constraints, 4, lambda _: True, seed) for seed in range(6)]
        places = [place for choices in chosen for place, _ in choices]
        return sum(places) / len(places)

    accurate = mean_place(Constraints(mae_max={"T (degC)": 0.3}))
    small = mean_place(Constraints(zip_bytes_max=1200))
    assert accurate > small + 3


def test_the_best_is_the_smallest_that_meets_all_or_misses_least():
    trials = [told(3000, 0.4, 1), told(1500, 0.5, 2), told(1000, 0.8, 3)]
    met = Constraints(zip_bytes_max=2000, mae_max={"T (degC)": 0.6})
    assert best_trial(trials, met).number == 2
    unmet = Constraints(zip_bytes_max=1400, mae_max={"T (degC)": 0.4})
    assert [round(missed(trial, unmet), 3) for trial in trials] == [1.143, 0.321, 1.0]
    assert best_trial(trials, unmet).number == 2
    assert best_trial([], met) is None


class Here(Executor):
    """Does at once what it is given, where a pool of processes would each load TensorFlow first."""

    def submit(self, work, /, *arguments):
        future: Future = Future()
        future.set_result(work(*arguments))
        return future


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr(pool, "executor_at", lambda _scheduler, _num_workers: contextlib.nullcontext(Here()))


def test_a_search_tries_each_combination_once_and_goes_on_where_it_stopped(study, tmp_path, in_this_process):
    file = write_series(tmp_path / "weather.csv", num_rows=300)
    # There is no column "gone": trials that forecast it fail.
    axes = {"dataset.targets": [["T (degC)"], ["gone"]], "model.units": [[], [2]], "pruning.final_sparsity": [0.5, 0.7]}
    search = search_on(file, axes, num_trials=24)
    said: list[Event] = []

    def cancel_after_two(event: Event) -> None:
        said.append(event)
        if isinstance(event, Progressed) and event.what == "Trials" and event.done == 2:
            raise TrialCancelled

    with pytest.raises(TrialCancelled):
        run_search(study, search, 1, cancel_after_two)
    first = states(study)
    assert len(first) == 2
    assert set(first.values()) <= {TrialState.FINISHED, TrialState.FAILED}

    said.clear()
    names = run_search(Study.open(study.folder), search, 1, said.append)
    then = states(study)
    assert set(names) == set(then) and set(first) <= set(then)
    # Of the eight combinations four are the same trials as others.
    assert sorted(then.values()) == [TrialState.FAILED] * 2 + [TrialState.FINISHED] * 2
    assert {search.choice_of(study.spec(name)) for name in names} == {(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0)}
    trained = {event.trial for event in said if isinstance(event, EpochEnded)}
    assert not trained & {name for name, state in first.items() if state is TrialState.FINISHED}
    assert {event.trial for event in said if isinstance(event, TrialFailed)} <= set(names)
    last = [event for event in said if isinstance(event, Progressed) and event.what == "Trials"][-1]
    assert last.done == 4
    finished = [name for name, state in then.items() if state is TrialState.FINISHED]
    assert {study.result(name).latencies[0].reference_trial for name in finished} == {study.reference}


def test_a_search_that_finishes_nothing_fails(study, tmp_path, in_this_process):
    search = search_on(tmp_path / "nowhere.csv", {"model.units": [[2]]})
    with pytest.raises(WorkbenchError, match=r"nowhere\.csv"):
        run_search(study, search, 1)


def states(study: Study) -> dict[str, TrialState]:
    study.refresh()
    return {trial.name: trial.state for trial in study.summaries()}
