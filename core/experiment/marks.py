"""Marks of truth: a sign that stands beside every number it concerns, in window, tables and reports."""

from core.experiment.summary import DeviceLatency, TrialSummary

SYNTHETIC = "*"
SHARED_VOICES = "†"
CONTENDED = "‡"
EMULATED = "§"
SLOWED = "¶"
WORSE = "▽"
ALL_CLIPS = "◇"
MEANINGS = {
    SYNTHETIC: "synthetic clips",
    SHARED_VOICES: "a voice may be in training and test: accuracy overstates",
    CONTENDED: "timed while other trials ran",
    EMULATED: "emulated device",
    SLOWED: "timed while the board was throttled",
    WORSE: "worse than persistence",
    ALL_CLIPS: "trained on every clip: accuracy of the trial it came from",
}


def accuracy_marks(summary: TrialSummary) -> str:
    """Return the signs that stand beside a trial's accuracy, or beside its errors."""
    marks = (
        (SYNTHETIC, summary.synthetic),
        (SHARED_VOICES, summary.overstated),
        (WORSE, summary.is_worse_than_persistence),
        (ALL_CLIPS, bool(summary.origin)),
    )
    return "".join(mark for mark, concerns in marks if concerns)


def quality_marks(summary: TrialSummary, column: str = "") -> str:
    """Return the signs that stand beside the error of one forecast quantity; beside the accuracy without one."""
    error = summary.error_of(column) if column else None
    if error is None:
        return accuracy_marks(summary)
    return WORSE if error.is_worse_than_persistence else ""


def latency_marks(latency: DeviceLatency | None) -> str:
    """Return the signs that stand beside a latency."""
    if latency is None:
        return ""
    marks = ((CONTENDED, latency.contended), (EMULATED, latency.emulated), (SLOWED, latency.slowed))
    return "".join(mark for mark, concerns in marks if concerns)
