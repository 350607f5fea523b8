"""What must be done to a sound before the network, kept beside the model as `preprocessing.json`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from core.errors import DataError
from core.features.kinds import Extractor, as_inputs, make_extractor
from core.files import read_bounded, replace_file
from core.section import faults_in
from core.settings.clips import LONGEST_CLIP_MS, SHORTEST_CLIP_MS, ClipPosition
from core.spec import Dataset, Features

FILE_NAME = "preprocessing.json"
LEAST_DEVIATION = 1e-5

Float32 = NDArray[np.float32]


class Preprocessing(BaseModel):
    """The way from a waveform to the network's input, and what its outputs stand for.

    Raises ValueError for clips without a frame, a label named twice, and means and deviations of other coefficients.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    schema_version: Literal[1] = 1
    features: Features
    clip_duration_ms: int = Field(ge=SHORTEST_CLIP_MS, le=LONGEST_CLIP_MS)
    clip_position: ClipPosition = Field(
        "start", description="Part that is used of a longer clip; files that lack it were made when it was the first."
    )
    labels: tuple[str, ...] = Field(min_length=2)
    mean: tuple[float, ...] = Field(
        (), description="Of each coefficient over the training part; empty unless standardized."
    )
    deviation: tuple[PositiveFloat, ...] = Field(
        (), description="Of each coefficient over the training part; empty unless standardized."
    )

    @model_validator(mode="after")
    def _of_one_picture(self) -> "Preprocessing":
        repeated = repeated_label(self.labels)
        if repeated:
            raise ValueError(f"labels: {repeated} is named twice")
        for problem in self.features.problems():
            raise ValueError(str(problem))
        if not self.features.num_frames(self.num_samples):
            raise ValueError("features.frame_length_ms: a frame is longer than a clip")
        num = self.features.num_coefficients
        if (len(self.mean), len(self.deviation)) not in ((0, 0), (num, num)):
            raise ValueError(
                f"mean and deviation: must have {num} values each, or none, have {len(self.mean)} and "
                f"{len(self.deviation)}"
            )
        if self.features.normalization == "standardize" and not self.mean:
            raise ValueError("mean and deviation: are missing, though features are standardized by them")
        return self

    @property
    def num_samples(self) -> int:
        """Samples of one clip."""
        return round(self.features.sample_rate * self.clip_duration_ms / 1000)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one clip as the network sees it."""
        return self.features.input_shape(self.num_samples)

    def scale(self, pictures: Float32) -> Float32:
        """Return network inputs (n, *input_shape) of pictures (n, frames, coefficients)."""
        if self.mean:
            mean: Float32 = np.array(self.mean, np.float32)
            deviation: Float32 = np.array(self.deviation, np.float32)
            pictures = (pictures - mean) / deviation
        return as_inputs(self.features, pictures)

    def extractor(self) -> Extractor:
        """Return what computes the pictures."""
        return make_extractor(self.features, self.num_samples)


def fit_preprocessing(
    features: Features, dataset: Dataset, labels: tuple[str, ...], training_pictures: Float32
) -> Preprocessing:
    """Make the preprocessing of a data set; mean and deviation come from its training part alone.

    Pictures are (n, frames, coefficients), before any scaling.
    """
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    if features.normalization == "standardize":
        mean = tuple(training_pictures.mean(axis=(0, 1), dtype=np.float64).tolist())
        deviation = tuple(np.maximum(training_pictures.std(axis=(0, 1), dtype=np.float64), LEAST_DEVIATION).tolist())
    return Preprocessing(
        features=features,
        clip_duration_ms=dataset.clip_duration_ms,
        clip_position=dataset.clip_position,
        labels=labels,
        mean=mean,
        deviation=deviation,
    )


def save_preprocessing(preprocessing: Preprocessing, folder: Path) -> None:
    """Write `preprocessing.json` into a folder."""
    replace_file(folder / FILE_NAME, (preprocessing.model_dump_json(indent=1) + "\n").encode())


def load_preprocessing(folder: Path) -> Preprocessing:
    """Read `preprocessing.json` from a folder. Raises DataError naming the file when it cannot be used."""
    return read_preprocessing(folder / FILE_NAME)


def read_preprocessing(path: Path) -> Preprocessing:
    """Read a file of preprocessing settings. Raises DataError naming it when it cannot be used."""
    try:
        return Preprocessing.model_validate_json(read_bounded(path))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as preprocessing settings{faults_in(error)}; "
            "train the trial, or export the model, again"
        ) from error


def repeated_label(labels: Sequence[str]) -> str:
    """Return a label that is named more than once, empty where there is none."""
    return next((label for place, label in enumerate(labels) if label in labels[:place]), "")


def beside(model: Path, name: str = FILE_NAME) -> tuple[Path, Path]:
    """Return where a file about a model may lie: under the model's own name as exported, or alone with it."""
    return model.with_name(f"{model.stem}.{name}"), model.with_name(name)
