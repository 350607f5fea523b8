"""The curves of one trial as numbers, from its events. Knows nothing of Qt."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.datasets.column_names import name_of, unit_of
from core.events import BatchEnded, EpochEnded, Event, TrialStarted

EMPTY = "Loss, quality, sparsity and learning rate appear here while a trial trains."
Line = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Metric:
    """One curve: where it is drawn, its name in the legend, the event's field, and what its unit multiplies by.

    `quantity` is the column whose error is drawn, `number` its place among them.
    """

    chart: str
    name: str
    field: str
    factor: float = 1.0
    quantity: str = ""
    number: int = 0

    def value(self, event: BatchEnded | EpochEnded) -> float | None:
        """Return what an event says of the curve, None where it says nothing."""
        found = getattr(event, self.field, None)
        value = found.get(self.quantity) if self.quantity and found else found
        return self.factor * value if isinstance(value, int | float) else None


METRICS = (
    Metric("loss", "training", "loss"),
    Metric("loss", "validation", "validation_loss"),
    Metric("quality", "training", "accuracy", 100),
    Metric("quality", "validation", "validation_accuracy", 100),
    Metric("sparsity", "sparsity", "sparsity", 100),
    Metric("learning rate", "learning rate", "learning_rate"),
)


def error_metrics(quantities: Iterable[str]) -> tuple[Metric, ...]:
    """Return the curves of a trial that forecasts: errors of each quantity in the place of the accuracy."""
    errors = []
    for number, column in enumerate(quantities):
        unit = unit_of(column)
        words = f"{name_of(column)}, {unit}" if unit else name_of(column)
        errors.append(Metric("quality", words, "mae", quantity=column, number=number))
        errors.append(Metric("quality", "validation", "validation_mae", quantity=column, number=number))
    return (*(metric for metric in METRICS if metric.chart != "quality"), *errors)


class CurveSeries:
    """Epochs in the order trained; a resumed epoch takes the place of the one that was cut off."""

    def __init__(self) -> None:
        self._epochs: dict[tuple[str, int], EpochEnded] = {}
        self._batch: BatchEnded | None = None
        self._training_epochs = 0

    def add(self, event: Event) -> bool:
        """Take an event; tell whether the curves changed."""
        if isinstance(event, EpochEnded):
            self._epochs[event.phase, event.epoch] = event
            self._batch = None
        elif isinstance(event, BatchEnded):
            self._batch = event
        elif isinstance(event, TrialStarted):
            self._batch = None
            if not event.resumed:
                self._epochs.clear()
        else:
            return False
        if isinstance(event, EpochEnded | BatchEnded) and event.phase == "training":
            self._training_epochs = max(self._training_epochs, event.epoch)
        return True

    def __bool__(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self._epochs) or self._batch is not None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The curves that these events tell of."""
        said = [*self._epochs.values(), *([self._batch] if self._batch else [])]
        quantities = next((tuple(event.mae) for event in said if event.mae), ())
        return error_metrics(quantities) if quantities else METRICS

    @property
    def fine_tuning_start(self) -> float | None:
        """The last training epoch, where fine-tuning goes on; None without fine-tuning."""
        tuned = any(phase == "fine_tuning" for phase, _ in self._epochs)
        return self._training_epochs if tuned or (self._batch and self._batch.phase == "fine_tuning") else None

    def line(self, metric: Metric) -> Line:
        """Return epochs and values of one curve, ending in the epoch at hand where the curve is known within it."""
        ordered = sorted(self._epochs.values(), key=lambda event: self._place(event.phase, event.epoch))
        places = [self._place(event.phase, event.epoch) for event in ordered]
        values = [metric.value(event) for event in ordered]
        batch = self._batch
        if batch is not None and metric.field in BatchEnded.model_fields:
            places.append(self._place(batch.phase, batch.epoch - 1 + batch.batch / max(1, batch.batches)))
            values.append(metric.value(batch))
        known = [(place, value) for place, value in zip(places, values, strict=True) if value is not None]
        return [place for place, _ in known], [value for _, value in known]

    def _place(self, phase: str, epoch: float) -> float:
        return epoch + (self._training_epochs if phase == "fine_tuning" else 0)
