"""The tasks by name, and what each of them owes to the pipeline. A new task is one file and one line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from core.datasets.prepared import PreparedData, Shape
from core.events import Emit
from core.results import Classification, Latency
from core.spec import TrialSpec
from core.tasks.keyword_spotting import KeywordSpotting


class Task(Protocol):
    """What is particular to a task: its data and its judgement. Everything between is shared."""

    def input_shape(self, spec: TrialSpec) -> Shape:
        """Return the shape of one example, from the spec alone."""

    def num_outputs(self, spec: TrialSpec) -> int:
        """Return how many values the network gives, from the spec and the names in its folder."""

    def prepare(self, spec: TrialSpec, emit: Emit) -> PreparedData:
        """Read, split and transform the data. Raises DataError naming the file or folder."""

    def save_preprocessing(self, spec: TrialSpec, data: PreparedData, folder: Path) -> None:
        """Write what must be done to the raw input before the network, beside the model."""

    def evaluate(self, model: Path, data: PreparedData, emit: Emit) -> Classification:
        """Judge the deployed file on the test part."""

    def measure_latency(self, model: Path, spec: TrialSpec, emit: Emit) -> Latency:
        """Time input preparation, inference and both together, at batch 1 on this machine."""


TASKS: Mapping[str, Task] = {"keyword_spotting": KeywordSpotting()}
