"""What a device hears at this moment, over the connection that is open."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from core.deploy import programs
from core.deploy.connection import Connection
from core.deploy.device.settings import FeatureSettings
from core.deploy.layout import Layout
from core.deploy.told import TOLD, objects, understood, unexpected
from core.settings.features import Features

View = Literal["words", "probabilities", "features"]

_OPTIONS: dict[View, tuple[str, ...]] = {
    "words": (),
    "probabilities": ("--stream",),
    "features": ("--stream", "--features"),
}


class _Told(BaseModel):
    model_config = TOLD


class LiveBeginning(_Told):
    """The device listens: with what, and how."""

    labels: tuple[str, ...]
    sample_rate: int = Field(gt=0)
    hop_ms: float = Field(gt=0)
    frame_step_ms: float = Field(gt=0)
    threshold: float
    source: str
    features: FeatureSettings | None = Field(None, description="What its columns are; an older release does not tell.")

    @field_validator("features")
    @classmethod
    def _within_bounds(cls, features: FeatureSettings | None) -> FeatureSettings | None:
        """Hold what draws the columns to the bounds of the settings."""
        if features is not None:
            Features.model_validate(asdict(features))
        return features


class LiveStep(_Told):
    """What one hop gave. `columns` are frames (k, coefficients) before any normalization, of the view `features`."""

    heard_s: float = Field(description="Since the beginning, or since the microphone came back.")
    level_dbfs: float | None = Field(None, description="None is digital silence.")
    probabilities: tuple[float, ...]
    smoothed: tuple[float, ...]
    columns: tuple[tuple[float, ...], ...] = ()


class LiveWord(_Told):
    """A word that was heard. Nothing is done about it: that is the listening service's part."""

    word: str
    score: float
    heard_s: float
    file: str = ""


class LiveTrouble(_Told):
    """The microphone is gone and will be tried again, or something else is not as it should be; empty when it is."""

    message: str = ""


Live = LiveBeginning | LiveStep | LiveWord | LiveTrouble

_KINDS: dict[str, type[LiveBeginning | LiveStep | LiveWord | LiveTrouble]] = {
    "listening": LiveBeginning,
    "step": LiveStep,
    "detected": LiveWord,
    "interrupted": LiveTrouble,
    "warned": LiveTrouble,
    "resumed": LiveTrouble,
}


def hear_live(
    connection: Connection, view: View = "probabilities", wav: tuple[str, ...] = (), microphone: str = ""
) -> Generator[Live, None, None]:
    """Yield what the current release hears, for as long as the caller takes it; closing the iterator ends it there.

    Of the microphone, or of `wav`: files and folders on the device, at the pace of real time. Raises DeviceError with
    a sentence.
    """
    layout = Layout(connection.home)
    source = [f"--wav={layout.path(path)}" for path in wav] + (["--pace=1"] if wav else [])
    source += [f"--microphone={microphone}"] if microphone else []
    lines = programs.lines(connection, "spot", *_OPTIONS[view], *source)
    labels: tuple[str, ...] = ()
    with closing(objects(lines, connection.name)) as told:
        for values in told:
            if values["kind"] not in _KINDS:
                continue
            said = understood(_KINDS[values["kind"]], values, connection.name)
            if isinstance(said, LiveBeginning):
                labels = said.labels
            elif isinstance(said, LiveStep) and not _fits(said, labels):
                raise unexpected(connection.name, values)
            yield said


def _fits(step: LiveStep, labels: tuple[str, ...]) -> bool:
    """Tell whether a step has a probability of each label, and columns of one height."""
    is_whole = len(step.probabilities) == len(step.smoothed) == len(labels)
    return is_whole and len(set(map(len, step.columns))) <= 1
