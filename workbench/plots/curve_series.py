"""The curves of one trial as numbers, from its events. Knows nothing of Qt."""

from dataclasses import dataclass

from core.events import BatchEnded, EpochEnded, Event, TrialStarted

EMPTY = "Loss, accuracy, sparsity and learning rate appear here while a trial trains."
Line = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Metric:
    """One curve: where it is drawn, its name in the legend, the event's field, and what its unit multiplies by."""

    chart: str
    name: str
    field: str
    factor: float = 1.0


METRICS = (
    Metric("loss", "training", "loss"),
    Metric("loss", "validation", "validation_loss"),
    Metric("accuracy", "training", "accuracy", 100),
    Metric("accuracy", "validation", "validation_accuracy", 100),
    Metric("sparsity", "sparsity", "sparsity", 100),
    Metric("learning rate", "learning rate", "learning_rate"),
)


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
    def fine_tuning_start(self) -> float | None:
        """The last training epoch, where fine-tuning goes on; None without fine-tuning."""
        tuned = any(phase == "fine_tuning" for phase, _ in self._epochs)
        return self._training_epochs if tuned or (self._batch and self._batch.phase == "fine_tuning") else None

    def line(self, metric: Metric) -> Line:
        """Return epochs and values of one curve, ending in the epoch at hand where the curve is known within it."""
        ordered = sorted(self._epochs.values(), key=lambda event: self._place(event.phase, event.epoch))
        places = [self._place(event.phase, event.epoch) for event in ordered]
        values = [getattr(event, metric.field) for event in ordered]
        batch = self._batch
        if batch is not None and metric.field in BatchEnded.model_fields:
            places.append(self._place(batch.phase, batch.epoch - 1 + batch.batch / max(1, batch.batches)))
            values.append(getattr(batch, metric.field))
        known = [(place, value) for place, value in zip(places, values, strict=True) if value is not None]
        return [place for place, _ in known], [metric.factor * value for _, value in known]

    def _place(self, phase: str, epoch: float) -> float:
        return epoch + (self._training_epochs if phase == "fine_tuning" else 0)
