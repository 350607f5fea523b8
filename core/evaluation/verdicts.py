"""What a model thinks of every clip of a folder, and which clips sound unlike the label they lie under.

Numpy alone, so that a window can hold clips and verdicts against each other while labels change.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Verdicts:
    """Probabilities (n, labels) of the clips judged, by name; `labels` in the order of the model's outputs."""

    labels: tuple[str, ...]
    names: tuple[str, ...]
    probabilities: Float32

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Rows by name of the clip."""
        return {name: row for row, name in enumerate(self.names)}

    def of(self, name: str) -> Float32 | None:
        """Return the probabilities of one clip, shape (labels,); None when it was not judged."""
        row = self.row_of.get(name)
        return None if row is None else self.probabilities[row]


def unlike(probabilities: Float32, targets: Ints) -> Ints:
    """Return the rows (k,) whose most probable label is another than the target, the most confident mistake first.

    `targets` (n,) are indices of labels, −1 where a clip has none of them. Equally confident ones stand in the order
    of how little the model thinks of their own label: a quantized output has few steps.
    """
    predicted = probabilities.argmax(axis=1)
    rows = np.flatnonzero((predicted != targets) & (targets >= 0))
    confidence = probabilities[rows, predicted[rows]]
    own = probabilities[rows, targets[rows]]
    order: Ints = rows[np.lexsort((own, -confidence))]
    return order


def save_verdicts(verdicts: Verdicts, folder: Path) -> None:
    """Write verdicts into a folder."""
    np.save(folder / "probabilities.npy", verdicts.probabilities)
    rest = {"labels": verdicts.labels, "names": verdicts.names}
    (folder / "verdicts.json").write_text(json.dumps(rest), encoding="ascii")


def open_verdicts(folder: Path) -> Verdicts:
    """Read verdicts from a folder."""
    rest = json.loads((folder / "verdicts.json").read_bytes())
    return Verdicts(tuple(rest["labels"]), tuple(rest["names"]), np.load(folder / "probabilities.npy"))
