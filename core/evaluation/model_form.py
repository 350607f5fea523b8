"""How a model from anywhere takes a picture and gives probabilities: found once, then done for every clip.

What is found is data (`ModelForm`), worded where it is shown.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.evaluation.network import Port

Float32 = NDArray[np.float32]

State = Literal["none", "variables", "resources"]
"""What a model remembers from one run to the next: nothing, tensors that LiteRT resets when asked, as of LSTM cells, or
resource variables (VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE), which only a new interpreter resets in LiteRT 2.3."""
Ending = Literal["", "softmax", "log_softmax", "sigmoid"]
"""The operation that makes the first output; empty for any other."""
Way = Literal["as_is", "reshaped", "transposed", "steps"]
"""From what the features give to the input: as it is but for sides of one, its values in one row, time and frequency
exchanged, or a few frames after another to a model that remembers the ones before."""
Gives = Literal["values", "probabilities", "sigmoid", "sigmoid_logit", "independent", "logits", "log_probabilities"]
"""What the outputs are: `sigmoid` is one probability for two labels, `independent` one for each label by itself."""

_TOLERANCE = 0.01
_WIDE = 0.5
"""Range of outputs from 0 to 1 that logits would exceed on one side or the other."""


@dataclass(frozen=True)
class ModelForm:
    """How one model is fed and read; `takes` is the shape of its input, `given` that of one example."""

    takes: tuple[int, ...]
    given: tuple[int, ...]
    way: Way
    batch: int
    """Examples that it takes at once."""
    step_frames: int
    """Frames of a step, for a model that is fed step by step; 0 for one that takes a whole example."""
    state: State
    gives: Gives
    average_steps: int = 1
    """Steps over which the probability of a word is averaged, for a model that is fed step by step."""

    @property
    def is_plain(self) -> bool:
        """Tell whether there is nothing to say about it."""
        return self.way == "as_is" and self.batch == 1 and self.state == "none" and self.gives in _PLAIN

    def as_values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


_PLAIN = ("values", "probabilities")


def form_of_values(values: Any) -> ModelForm:
    """Return the form that `as_values` gave, from JSON."""
    sides = {name: tuple(map(int, values[name])) for name in ("takes", "given")}
    return ModelForm(**{**values, **sides})


@dataclass(frozen=True)
class InputForm:
    """How examples come into an input of a shape."""

    shape: tuple[int, ...]
    way: Way
    batch: int = 1
    step_frames: int = 0

    def encode(self, port: Port, examples: Float32) -> NDArray[Any]:
        """Return examples (n, *shape without the batch) as the port takes them, one after another."""
        given = examples
        if self.way == "transposed":
            frames, coefficients = bare(examples.shape[1:])
            given = examples.reshape(len(examples), frames, coefficients).transpose(0, 2, 1)
        return port.encode(given.reshape(len(examples), -1))


def fit_input(
    takes: tuple[int, ...], signature: tuple[int, ...], given: tuple[int, ...], state: State
) -> InputForm | None:
    """Find how examples of shape `given` (frames first) come into an input; None where they do not fit.

    `takes` is its shape as LiteRT opens it, `signature` has −1 for every side that is free.
    """
    for shape in (takes, *_filled(takes, signature, int(np.prod(given)))):
        way = _way(bare(shape), bare(given))
        if way:
            return InputForm(shape, way)
        batched = _way(bare(shape[1:]), bare(given)) if len(shape) > 1 and shape[0] > 1 else None
        if batched:
            return InputForm(shape, batched, batch=shape[0])
    if state == "none":
        return None
    step_frames = _step_frames(bare(takes), bare(given))
    return InputForm(takes, "steps", step_frames=step_frames) if step_frames else None


def bare(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape without its sides of one."""
    return tuple(side for side in shape if side != 1)


def _filled(takes: tuple[int, ...], signature: tuple[int, ...], num_values: int) -> list[tuple[int, ...]]:
    """Return the shapes that an input with free sides may be given for so many values: the first free side is a batch
    of one where there are several."""
    free = [place for place, side in enumerate(signature) if side < 0] if len(signature) == len(takes) else []
    found = []
    for place in free[-1:] if len(free) < 3 else ():
        fixed = [1 if other in free else side for other, side in enumerate(takes)]
        side, rest = divmod(num_values, int(np.prod(fixed)))
        if rest == 0 and side:
            found.append((*fixed[:place], side, *fixed[place + 1 :]))
    return found


def _way(taken: tuple[int, ...], given: tuple[int, ...]) -> Way | None:
    if taken == given:
        return "as_is"
    if np.prod(taken) != np.prod(given):
        return None
    if len(taken) == 1 or len(given) == 1:
        return "reshaped"
    # Any other sides of as many values are other features.
    return "transposed" if len(given) == 2 and taken == given[::-1] else None


def _step_frames(taken: tuple[int, ...], given: tuple[int, ...]) -> int:
    if not given:
        return 0
    if taken == given[1:]:
        return 1
    is_shorter = len(taken) == len(given) and taken[1:] == given[1:] and taken[0] < given[0]
    return taken[0] if is_shorter else 0


def what_it_gives(raw: Float32, ending: Ending, step: float) -> Gives:
    """Tell what outputs (n, outputs) are, by the operation that makes them or else by their values.

    `step` is that of a quantized output, 0 of floats.
    """
    slack = _TOLERANCE + step / 2
    is_fraction = bool(raw.min() >= -slack and raw.max() <= 1 + slack)
    if raw.shape[1] == 1:
        return "sigmoid" if is_fraction else "sigmoid_logit"
    sums_slack = _TOLERANCE + raw.shape[1] * step / 2
    if is_fraction:
        if ending == "softmax" or _sums_to_one(raw, sums_slack):
            return "probabilities"
        is_wide = bool(raw.max() - raw.min() > _WIDE)
        return "independent" if ending == "sigmoid" or is_wide else "logits"
    is_negative = bool(raw.max() <= slack)
    # A step of a logarithm is that part of its probability.
    if is_negative and (ending == "log_softmax" or _sums_to_one(np.exp(raw), _TOLERANCE + step)):
        return "log_probabilities"
    return "logits"


def _sums_to_one(raw: Float32, slack: float) -> bool:
    return bool(np.abs(raw.sum(axis=1, dtype=np.float64) - 1).max() <= slack)


def as_probabilities(raw: Float32, gives: Gives) -> Float32:
    """Turn outputs (n, outputs) into probabilities (n, labels)."""
    if gives in ("sigmoid", "sigmoid_logit"):
        word = raw if gives == "sigmoid" else _sigmoid(raw)
        return np.concatenate([1 - word, word], axis=1)
    if gives in ("logits", "log_probabilities"):
        # Of logarithms it is their exponentials, made to sum to one where they are rounded.
        exponentials = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)
    return raw


def _sigmoid(raw: Float32) -> Float32:
    return np.asarray(0.5 * (1 + np.tanh(raw.astype(np.float64) / 2)), np.float32)
