"""How a network learns, and which of its weights are given up afterwards."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from core.errors import Problem
from core.section import Section, setting

Loss = Literal["cross_entropy", "mse", "mae", "huber"]


class Fitting(Section):
    """How a network learns, whatever its task."""

    title: ClassVar[str] = "Training"

    batch_size: int = setting(20, "Examples per step.", ge=1, le=1024, unit="examples")
    epochs: int = setting(10, "Passes over the training part.", ge=1, le=1000)
    optimizer: Literal["adam", "adamw"] = setting("adam", "AdamW also shrinks the weights a little at every step.")
    weight_decay: float = setting(
        0.004, "Strength of AdamW's shrinking.", ge=0, le=1, applies={"optimizer": ("adamw",)}
    )
    schedule: Literal["linear", "polynomial", "cosine", "constant"] = setting(
        "linear", "Way of the learning rate from first to last step; polynomial is quadratic."
    )
    initial_learning_rate: float = setting(0.01, "Learning rate of the first step.", gt=0, le=1)
    end_learning_rate: float = setting(
        1e-5, "Learning rate of the last step.", ge=0, le=1, applies={"schedule": ("linear", "polynomial", "cosine")}
    )
    keep: Literal["best_on_validation", "last"] = setting(
        "last", "Weights kept: of the epoch that did best on the validation part, or of the last epoch."
    )
    seed: int = setting(0, "Same seed on the same machine, same weights.", ge=0)


class Training(Fitting):
    """How a network learns to tell labels apart: by cross-entropy."""

    loss: ClassVar[Loss] = "cross_entropy"

    label_smoothing: float = setting(0.0, "Part of the certainty given to the other labels.", ge=0, lt=0.5)


class ForecastTraining(Fitting):
    """How a network learns to foretell values."""

    label_smoothing: ClassVar[float] = 0.0

    loss: Literal["mse", "mae", "huber"] = setting(
        "mae",
        "What training makes small, in standard deviations: the mean squared error, the mean absolute error, which is "
        "what forecasts are judged by, or Huber's: squared when small, absolute when large.",
    )


class Pruning(Section):
    """Weights set to zero in a fine-tuning after training. Shrinks the zipped file, never the latency."""

    title: ClassVar[str] = "Pruning"
    USED: ClassVar = {"schedule": ("constant", "polynomial")}

    schedule: Literal["none", "constant", "polynomial"] = setting(
        "none", "Way of the sparsity during fine-tuning; it shrinks only the zipped file and speeds nothing up."
    )
    initial_sparsity: float = setting(
        0.2, "Part of the weights that is zero at the beginning.", ge=0, lt=1, applies={"schedule": ("polynomial",)}
    )
    final_sparsity: float = setting(0.7, "Part of the weights that is zero at the end.", ge=0, lt=1, applies=USED)
    begin: float = setting(0.0, "Point of the fine-tuning at which pruning begins.", ge=0, lt=1, applies=USED)
    end: float = setting(
        0.7,
        "Point of the fine-tuning at which the final sparsity is reached.",
        gt=0,
        le=1,
        applies={"schedule": ("polynomial",)},
    )
    fine_tuning_epochs: int = setting(10, "Epochs from the trained base.", ge=1, le=1000, applies=USED)
    initial_learning_rate: float = setting(
        0.001, "Learning rate at the beginning of fine-tuning.", gt=0, le=1, applies=USED
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.schedule != "polynomial":
            return
        if self.initial_sparsity > self.final_sparsity:
            yield Problem(
                "initial_sparsity", f"must not exceed the final {self.final_sparsity:g}, is {self.initial_sparsity:g}"
            )
        if self.begin >= self.end:
            yield Problem("begin", f"must come before the end at {self.end:g}, is {self.begin:g}")
