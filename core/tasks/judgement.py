"""What came of judging any file on data: how good it is, on which part of them, and how it was fed and read."""

from dataclasses import dataclass
from typing import Literal

from core.evaluation.model_form import ModelForm
from core.results import Quality

Part = Literal["test", "all"]
ScaledBy = Literal["nothing", "model", "data"]
"""Where mean and deviation come from that features are standardized by: from beside the model, or for want of them
there from the data that it is judged on."""

LabelsBy = Literal["user", "model", "data"]
"""Who names the labels in the order of the outputs: whoever asks, what is kept beside the model, or for want of both
the data, in alphabetical order."""


LinearOf = Literal["spec", "training", "nothing"]
"""What the linear model beside a forecaster was fitted to: the training part of the spec's table, that of the trial
itself, or nothing, where neither is there."""


@dataclass(frozen=True)
class Hint:
    """What a file seems to lack, with the figures that show it."""

    kind: Literal["standardized"]
    """The file seems to take and give standardized values."""
    name: str
    """Column of the quantity."""
    unit: str
    mae: float
    mae_of_mean: float
    """Of a forecast that always says the mean of what came."""


@dataclass(frozen=True)
class Judgement:
    """A judgement on a part of `num_found` clips or windows, all of which could be read."""

    quality: Quality
    form: ModelForm
    part: Part
    num_found: int
    scaled_by: ScaledBy = "nothing"
    labels_by: LabelsBy = "model"
    warnings: tuple[str, ...] = ()
    """About the data."""
    linear_of: LinearOf = "spec"
    """Of a forecaster."""
    hints: tuple[Hint, ...] = ()
