"""What is particular about how a model takes sound and gives probabilities, in sentences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.evaluation.model_form import ModelForm

_PAIR = 2

STATES = {
    "none": "",
    "variables": "It has a state (variables): what it gives depends on what it was given before.",
    "resources": "It has a state (resource variables): what it gives depends on what it was given before.",
}


def form_words(form: "ModelForm", labels: Sequence[str]) -> list[str]:
    """Return what is to be known about a model, a sentence each; nothing of one that takes and gives as those here."""
    return [*_taking(form), *_remembering(form), *_giving(form, labels)]


def in_alphabetical_order(labels: Sequence[str]) -> str:
    """Say that nobody named the labels in the order of a model's outputs."""
    return f"Its outputs were taken for {', '.join(labels)}, in alphabetical order; --labels names them in another."


def sides(shape: tuple[int, ...]) -> str:
    """Return a shape as it is said: "1 × 49 × 10"."""
    return " × ".join(map(str, shape)) or "one value"


def _taking(form: "ModelForm") -> list[str]:
    said = []
    takes, given = sides(form.takes), sides(form.given)
    if form.way == "reshaped":
        said.append(f"It takes the {given} values of the features as {takes}, in their order.")
    elif form.way == "transposed":
        said.append(f"It takes {takes} where the features give {given}: time and frequency are exchanged for it.")
    if form.batch > 1:
        said.append(f"It takes {form.batch} examples at once: the batch is filled, and what only fills it is ignored.")
    return said


def _remembering(form: "ModelForm") -> list[str]:
    if form.state == "none":
        return []
    if not form.step_frames:
        return [f"{STATES[form.state]} It begins anew with every example."]
    frames = "a frame" if form.step_frames == 1 else f"{form.step_frames} frames"
    return [f"{STATES[form.state]} It is fed {frames} at a time, anew for every clip. {_deciding(form)}"]


def _deciding(form: "ModelForm") -> str:
    if not form.gives.startswith("sigmoid"):
        return "Of a clip the last step counts."
    if form.average_steps == 1:
        return "Of a clip the step counts at which its word is most probable."
    return f"Of a clip the {form.average_steps} steps count at which its word is most probable."


def _giving(form: "ModelForm", labels: Sequence[str]) -> list[str]:
    other, word = (f"“{label}”" for label in labels) if len(labels) == _PAIR else ("the first label", "the second")
    return {
        "values": [],
        "probabilities": [],
        "sigmoid": [f"Its one output is the probability of {word}; {other} has the rest."],
        "sigmoid_logit": [
            f"Its one output is not a probability but a logit: its sigmoid is that of {word}, and {other} has the rest."
        ],
        "independent": ["It gives each label a probability of its own; they need not sum to one."],
        "logits": ["Its outputs are not probabilities but logits: softmax was applied to them."],
        "log_probabilities": [
            "Its outputs are logarithms of probabilities: the exponential function was applied to them."
        ],
    }[form.gives]
