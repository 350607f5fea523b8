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
