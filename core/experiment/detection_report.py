"""How a model does on a long recording: what it found, missed and imagined, and the DET curve behind a threshold."""

import hashlib
import json
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from core.audio import sound_file
from core.cache import Arrays, cached_arrays, explaining_cache_errors, require_shape
from core.datasets.digest import digest
from core.datasets.progress import Progress, notices
from core.errors import DataError
from core.evaluation.detection import (
    IGNORED,
    Detection,
    DetectionResult,
    DetectionSettings,
    DetPoint,
    Posteriors,
    SpokenWord,
    compare,
    det_curve,
    detect,
)
from core.evaluation.model_form import ModelForm
from core.events import Emit, ignore
from core.experiment.long_recording import about_recording, read_truth
from core.experiment.spotting import Spotter

_LIMIT_BYTES = 512 * 1024**2


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True)


class LabelDetections(_Reported):
    """How one label fared."""

    label: str
    num_words: int
    num_hits: int
    num_false_accepts: int


class DetectionReport(_Reported):
    """Detections in one recording; rates, curve and misses are None or empty where it is not known what was said."""

    model: str
    wav: str
    truth: str
    hours: float = Field(description="Of audio; every rate per hour is to be read with it.")
    settings: DetectionSettings
    labels: tuple[str, ...] = Field(description="In the order of the model's outputs.")
    form: ModelForm = Field(description="How the model is fed and read.")
    detections: tuple[Detection, ...]
    num_words: int | None = None
    num_hits: int | None = None
    num_false_accepts: int | None = None
    false_accepts_per_hour: float | None = None
    false_reject_rate: float | None = None
    median_delay_s: float | None = Field(None, description="From the time of a word to its detection.")
    missed: tuple[SpokenWord, ...] = ()
    false_accepts: tuple[Detection, ...] = ()
    per_label: tuple[LabelDetections, ...] = ()
    det: tuple[DetPoint, ...] = Field((), description="Both errors over the threshold.")
    feature_ms: float = Field(description="Median of a hop.")
    inference_ms: float = Field(description="Median of a hop.")
    synthetic: bool = Field(description="Words spoken by a synthesizer, here or in training.")
    warnings: tuple[str, ...] = ()


class Hearing(_Reported):
    """Posteriors of a model over a recording, and the median milliseconds that a hop took."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    posteriors: Posteriors
    feature_ms: float
    inference_ms: float


def hear_recording(spotter: Spotter, recording: Path, emit: Emit = ignore) -> Hearing:
    """Run the network over a recording from its beginning, or read what it said the last time.

    The posteriors do not depend on the detection settings but for the hop, so a threshold may be tried in no time.
    Raises DataError for a recording that cannot be read or is shorter than a clip.
    """
    duration_s = sound_file.read_format(recording).seconds

    def compute() -> dict[str, np.ndarray]:
        spotter.restart()
        progress = Progress(emit, "Seconds heard", max(1, round(duration_s)))
        blocks = sound_file.read_blocks(recording, spotter.sample_rate)
        steps = [step for block in progress.count(blocks) for step in spotter.push(block)]
        if not steps:
            raise DataError(f"{recording}: lasts {duration_s:.2f} s, which is shorter than one clip; give a longer one")
        return {
            "times_s": np.array([step.time_s for step in steps]),
            "probabilities": np.array([step.probabilities for step in steps]),
            "taken_ms": np.array([(step.feature_ms, step.inference_ms) for step in steps]),
        }

    def check(arrays: Arrays) -> None:
        steps = len(arrays["times_s"])
        require_shape(arrays["probabilities"], (steps, len(spotter.labels)))
        require_shape(arrays["taken_ms"], (steps, 2))

    with explaining_cache_errors():
        form = json.dumps(spotter.form.as_values())
        key = digest(spotter.chosen.fingerprint, form, _sound_digest(recording), f"{spotter.settings.hop_ms:g}")
        kept = cached_arrays("posteriors", key, compute, check, _LIMIT_BYTES, notices(emit, "Seconds heard"))
    posteriors = Posteriors(spotter.labels, kept["times_s"], kept["probabilities"], duration_s)
    feature_ms, inference_ms = np.median(kept["taken_ms"], axis=0).tolist()
    return Hearing(posteriors=posteriors, feature_ms=feature_ms, inference_ms=inference_ms)


def detect_file(spotter: Spotter, recording: Path, truth: Path | None = None, emit: Emit = ignore) -> DetectionReport:
    """Find words in a recording at the spotter's working point and compare them with what was said.

    Without `truth` the CSV of the recording's own name is taken, and without that there are detections alone. Words of
    labels that the model does not know are sound in which nothing may fire. Raises DataError naming the file.
    """
    beside = recording.with_suffix(".csv")
    truth = truth or (beside if beside.is_file() else None)
    words = read_truth(truth) if truth else []
    hearing = hear_recording(spotter, recording, emit)
    about = about_recording(recording)
    found = detect(hearing.posteriors, spotter.settings)
    base = DetectionReport(
        model=str(spotter.chosen.path),
        wav=str(recording),
        truth=str(truth or ""),
        hours=hearing.posteriors.hours,
        settings=spotter.settings,
        labels=spotter.labels,
        form=spotter.form,
        detections=tuple(found),
        feature_ms=hearing.feature_ms,
        inference_ms=hearing.inference_ms,
        synthetic=spotter.chosen.synthetic or (about is not None and about.synthetic),
        warnings=about.warnings if about else (),
    )
    return _compared(base, hearing.posteriors, words) if truth else base


def _compared(base: DetectionReport, posteriors: Posteriors, words: list[SpokenWord]) -> DetectionReport:
    known = [word for word in words if word.label in posteriors.labels]
    strangers = sorted({word.label for word in words} - {*posteriors.labels, *IGNORED})
    warnings = base.warnings
    if strangers:
        warnings += (f"The model does not know {', '.join(strangers)}: what fires there is a false accept.",)
    end_s = posteriors.duration_s
    if words and words[-1].time_s > end_s:
        warnings += (
            f"The last word is said to come at {words[-1].time_s:.1f} s, but the recording ends at {end_s:.1f} s; "
            "give the list that belongs to it.",
        )
    result = compare(base.detections, known, posteriors.hours)
    delays = [detection.time_s - word.time_s for word, detection in result.hits]
    figures = {
        "num_words": result.num_words,
        "num_hits": len(result.hits),
        "num_false_accepts": len(result.false_accepts),
        "false_accepts_per_hour": result.false_accepts_per_hour,
        "false_reject_rate": result.false_reject_rate,
        "median_delay_s": float(np.median(delays)) if delays else None,
        "missed": result.missed,
        "false_accepts": result.false_accepts,
        "per_label": _per_label(posteriors.labels, result),
        "det": tuple(det_curve(posteriors, known, base.settings)),
        "warnings": warnings,
    }
    return base.model_copy(update=figures)


def _per_label(labels: tuple[str, ...], result: DetectionResult) -> tuple[LabelDetections, ...]:
    hits = [word.label for word, _ in result.hits]
    missed = [word.label for word in result.missed]
    wrong = [detection.label for detection in result.false_accepts]
    return tuple(
        LabelDetections(
            label=label,
            num_words=hits.count(label) + missed.count(label),
            num_hits=hits.count(label),
            num_false_accepts=wrong.count(label),
        )
        for label in labels
        if label not in IGNORED
    )


def _sound_digest(recording: Path) -> str:
    with recording.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
