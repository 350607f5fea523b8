"""What would help, in one sentence drawn from the numbers of one clip and of those before it."""

from core.audio.loudness import Loudness
from core.results import Classification

SURE_PROBABILITY = 0.6
SURE_MARGIN = 0.3
CLIPPED_FRACTION = 0.0005
QUIET_DBFS = -26.0
"""Of a clip's peak. Of the clips of Speech Commands 99 in 100 are louder."""
EDGE_S = 0.02
NOTHING_TO_IMPROVE = "Nothing to improve."
UNLIKE = 2.0
_CONFUSED_SHARE = 0.3
_LEAST_CONFUSED = 2


def advise(
    sound: Loudness,
    *,
    label: str,
    top_probability: float,
    runner_up: str,
    margin: float,
    unlikeness: float | None = None,
    expected: str = "",
    session: Classification | None = None,
) -> str:
    """Return the one sentence most worth saying about a clip that was heard as `label`.

    `unlikeness` is the distance from the training clips in standard deviations, `expected` what was meant, `session`
    the confusion of what was recorded so far. A fault of the sound comes before a fault of the model, and a wrong level
    is told of a clip that was heard clearly too: as a training clip it would do harm.
    """
    if sound.is_silent:
        return "Nothing was heard: check that the right microphone is chosen and not muted."
    if expected in ("", label) and is_sure(top_probability, margin):
        # A model is sure of what is unlike anything it knows, so that only what was meant tells that it was right.
        fault = _fault_of_level(sound) or ("" if expected else _unlike(unlikeness)) or NOTHING_TO_IMPROVE
        return f"Heard clearly as {label}; {fault[0].lower()}{fault[1:]}"
    return (
        fault_of_sound(sound)
        or _unlike(unlikeness)
        or _confused(expected, session)
        or _undecided(label, top_probability, runner_up, margin, expected)
    )


def is_sure(top_probability: float, margin: float) -> bool:
    """Tell whether a label was heard clearly: probable, and far ahead of the next."""
    return top_probability >= SURE_PROBABILITY and margin >= SURE_MARGIN


def fault_of_sound(sound: Loudness) -> str:
    """Return what is wrong with a recording whatever the model makes of it, empty when nothing is."""
    return _fault_of_level(sound) or _fault_of_edges(sound)


def _fault_of_level(sound: Loudness) -> str:
    if sound.clipped_fraction > CLIPPED_FRACTION:
        share = f"{100 * sound.clipped_fraction:.1f} %"
        return f"Clipped ({share} of the samples at full scale): lower the microphone's level or move away from it."
    if sound.peak_dbfs < QUIET_DBFS:
        return f"Too quiet (peak {_decibels(sound.peak_dbfs)}): move closer to the microphone or raise its level."
    return ""


def _fault_of_edges(sound: Loudness) -> str:
    begins_late = sound.loud_start_s > EDGE_S
    ends_early = sound.loud_end_s < sound.duration_s - EDGE_S
    if begins_late and ends_early:
        return ""
    if begins_late or ends_early:
        side, remedy = ("beginning", "before") if ends_early else ("end", "after")
        return f"Cut off at the {side}: leave a moment of silence {remedy} the word."
    return "Loud from beginning to end: speak one word, with silence around it, where it is quieter."


def _unlike(unlikeness: float | None) -> str:
    if unlikeness is None or unlikeness < UNLIKE:
        return ""
    return (
        f"Unlike the training clips ({unlikeness:.1f} standard deviations away): record takes with this microphone, "
        "add them to the data and train again."
    )


def _confused(expected: str, session: Classification | None) -> str:
    """Return what to do about the label that takes the place of the one meant most often."""
    if session is None or expected not in session.labels:
        return ""
    row = session.confusion[session.labels.index(expected)]
    count, other = max((count, name) for count, name in zip(row, session.labels, strict=True) if name != expected)
    if count < _LEAST_CONFUSED or count < _CONFUSED_SHARE * sum(row):
        return ""
    heard = f"{expected} was heard as {other} in {count} of {sum(row)} takes"
    return f"{heard}: add takes of both to the data and train again."


def _undecided(label: str, top_probability: float, runner_up: str, margin: float, expected: str) -> str:
    if expected not in ("", label):
        return (
            f"Heard as {label} ({_percent(top_probability)}) instead of {expected}: say it again, "
            f"and if it stays so add takes of {expected} to the data."
        )
    second = f"{runner_up} ({_percent(top_probability - margin)})"
    return (
        f"Undecided between {label} ({_percent(top_probability)}) and {second}: "
        "say it again more clearly, or add takes of both to the data."
    )


def _decibels(value: float) -> str:
    return f"{value:.0f} dB of full scale".replace("-", "−")


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.0f} %"
