"""The tasks by name, and what each of them owes to the pipeline. A new task is one file and one line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from core.datasets.prepared import PreparedData, Shape
from core.events import Emit
from core.results import Latency, Quality
from core.spec import TrialSpec
from core.tasks.description import Description
from core.tasks.forecasting import Forecasting
from core.tasks.judgement import Judgement, Part
from core.tasks.keyword_spotting import KeywordSpotting

Spec = TypeVar("Spec", contravariant=True)


class Task(Protocol[Spec]):
    """What is particular to a task: its data and its judgement. Everything between is shared."""

    def input_shape(self, spec: Spec) -> Shape:
        """Return the shape of one example, from the spec alone. Raises SpecError where no network takes it."""

    def num_outputs(self, spec: Spec) -> int:
        """Return how many values the network gives, from the spec and the names in its data."""

    def find_data(self, spec: Spec) -> None:
        """Look whether the data are there, at a glance. Raises DataError naming the file or folder."""

    def prepare(self, spec: Spec, emit: Emit) -> PreparedData:
        """Read, split and transform the data. Raises DataError naming the file or folder."""

    def save_preprocessing(self, spec: Spec, data: PreparedData, folder: Path) -> None:
        """Write what must be done to the raw input before the network, beside the model."""

    def evaluate(self, model: Path, data: PreparedData, emit: Emit) -> Quality:
        """Judge the deployed file on the test part."""

    def judge_file(self, model: Path, spec: Spec, outputs: tuple[str, ...], part: Part, emit: Emit) -> Judgement:
        """Judge any `.tflite` file on a part of a spec's data; `outputs` may name its outputs in their order.

        Raises ModelError when the file does not fit.
        """

    def measure_latency(self, model: Path, spec: Spec, emit: Emit) -> Latency:
        """Time input preparation, inference and both together, at batch 1 on this machine."""

    def describe(self, folder: Path) -> Description:
        """Say what the outputs of a trial's model are and what it must be given."""


def find_data(specs: Iterable[TrialSpec]) -> None:
    """Look whether many specs can be trained: at each, and at the data of each once.

    Raises SpecError where no network takes what a spec makes of its data, DataError naming the file or folder.
    """
    specs = tuple(specs)
    for spec in specs:
        TASKS[spec.task].input_shape(spec)
    # What is wrong with a table may be that it does not fit the window.
    for spec in {(spec.dataset, spec.split, getattr(spec, "window", None)): spec for spec in specs}.values():
        TASKS[spec.task].find_data(spec)


TASKS: Mapping[str, Task[Any]] = {"keyword_spotting": KeywordSpotting(), "forecasting": Forecasting()}
