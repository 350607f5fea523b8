"""Runs a search: proposals in batches through the pool of a sweep, until there are as many trials as asked for."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from core.events import Emit, ignore
from core.experiment import latencies, pool, runner
from core.experiment.proposals import Choice, propose
from core.experiment.search import Search, trials_of
from core.experiment.store import Study, TrialState


def run_search(study: Study, search: Search, num_workers: int, emit: Emit = ignore, scheduler: str = "") -> list[str]:
    """Try combinations, `num_workers` at a time, then time all one by one; return the names of those tried.

    Trials of the study that lie on the axes count: finished ones are learnt from, others go on. The constraints are
    those of the study. Raises TrialCancelled once every process has stopped, and WorkbenchError when no trial could be
    finished; one that failed among others has said so by its events.
    """
    search.examples()
    with pool.executor_at(scheduler, num_workers) as executor:
        going = _Going(study, search, num_workers, executor, emit)
        while batch := going.next_batch():
            going.train(batch)
    names = list(going.tried)
    if not latencies.remeasure(study, names, emit):
        runner.raise_failures(study, names, going.failures)
    return names


@dataclass
class _Going:
    """A search on its way: which trials it has, and the batch that comes next."""

    study: Study
    search: Search
    num_workers: int
    executor: Executor
    emit: Emit
    tried: dict[str, Choice] = field(init=False)
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.study.refresh()
        self.tried = trials_of(self.study, self.search)

    def next_batch(self) -> list[str]:
        """Return trials to train next: those left unfinished, then new ones; none at the end of the search."""
        waiting = [
            name
            for name in self.tried
            if name not in self.failures and self.study.summary(name).state is not TrialState.FINISHED
        ]
        if waiting:
            return waiting[: self.num_workers]
        count = min(self.num_workers, self.search.num_trials - len(self.tried))
        if count <= 0:
            return []
        added = {self.study.add(self.search.spec_at(choice)): choice for choice in self._new_choices(count)}
        self.tried |= added
        return list(added)

    def _new_choices(self, count: int) -> Iterator[Choice]:
        known = {summary.identity for summary in self.study.summaries()}

        def is_new(choice: Choice) -> bool:
            found = self.search.identity_at(choice)
            if not found or found in known:
                return False
            known.add(found)
            return True

        finished = {
            choice: self.study.summary(name)
            for name, choice in self.tried.items()
            if self.study.summary(name).state is TrialState.FINISHED
        }
        choices = propose(self.search.sizes, finished, self.study.constraints, count, is_new, self.search.seed)
        yield from choices
        # The sampler has come to repeat itself.
        for _ in range(count - len(choices)):
            if (choice := self.search.any_of(is_new)) is None:
                return
            yield choice

    def train(self, batch: Sequence[str]) -> None:
        """Train a batch; where a latency is asked for, time it as well, which a busy machine does too high."""
        unfinished = sum(self.study.summary(name).state is not TrialState.FINISHED for name in self.tried)
        earlier = len(self.tried) - unfinished + len(self.failures)
        total = max(min(self.search.num_trials, math.prod(self.search.sizes)), len(self.tried))
        self.failures |= pool.train_many(self.study, batch, self.num_workers, self.executor, self.emit, earlier, total)
        if self.study.constraints.total_ms_max is not None:
            latencies.remeasure(self.study, batch, self.emit)
