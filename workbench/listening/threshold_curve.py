"""Both errors of a detector over its threshold, as counted in one long recording. Knows nothing of Qt."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from core.evaluation.detection import DetectionSettings
from workbench.number_format import three_digits


@dataclass(frozen=True)
class WorkingPoint:
    """Errors that hold for thresholds from `lowest` to `highest`; `threshold` lies in their middle."""

    threshold: float
    lowest: float
    highest: float
    false_accepts_per_hour: float
    false_reject_rate: float


@dataclass(frozen=True)
class ThresholdCurve:
    """Working points in the order of their thresholds, and what they were counted in."""

    points: tuple[WorkingPoint, ...]
    settings: DetectionSettings
    hours: float
    num_words: int
    wav: str
    synthetic: bool
    warnings: tuple[str, ...]

    @property
    def least_rate(self) -> float:
        """False accepts per hour that stand for one in the whole recording."""
        return 1 / self.hours

    def at(self, threshold: float) -> int:
        """Return the place of the working point that a threshold gives."""
        return min(range(len(self.points)), key=lambda place: _distance(self.points[place], threshold))

    def words(self, place: int) -> str:
        """Say what a working point means."""
        point = self.points[place]
        missed = round(point.false_reject_rate * self.num_words)
        wrong = round(point.false_accepts_per_hour * self.hours)
        return (
            f"At a threshold of {point.threshold:g}, {missed:,} of {self.num_words:,} words are missed "
            f"({100 * point.false_reject_rate:.1f} %), with {three_digits(point.false_accepts_per_hour)} false accepts "
            f"an hour ({wrong:,} in {three_digits(self.hours)} h of audio)."
        )


def read_curve(report: Mapping[str, Any]) -> ThresholdCurve | None:
    """Return the curve of a DetectionReport given as JSON values; None where it is not known what was said."""
    found = [point for point in report["det"] if point["false_reject_rate"] is not None]
    if not found:
        return None
    points = []
    for (accepts, rejects), group in groupby(
        found, key=lambda point: (point["false_accepts_per_hour"], point["false_reject_rate"])
    ):
        thresholds = [point["threshold"] for point in group]
        middle = thresholds[(len(thresholds) - 1) // 2]
        points.append(WorkingPoint(middle, thresholds[0], thresholds[-1], accepts, rejects))
    return ThresholdCurve(
        points=tuple(points),
        settings=DetectionSettings(**report["settings"]),
        hours=report["hours"],
        num_words=report["num_words"],
        wav=report["wav"],
        synthetic=report["synthetic"],
        warnings=tuple(report["warnings"]),
    )


def _distance(point: WorkingPoint, threshold: float) -> float:
    return max(point.lowest - threshold, threshold - point.highest, 0.0)
