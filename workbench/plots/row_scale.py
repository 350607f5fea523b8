"""What the rows of a picture of sound are: frequencies, mel filters, channels alike, or cepstral coefficients."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.features.mel import hertz_to_mel
from workbench.number_format import plain
from workbench.plots.figure_axis import linear_ticks

RowKind = Literal["hertz", "mel", "mfcc", "channel"]
LINE_ROOM = 22
"""Pixels that one label takes along a vertical axis."""
MEL_HERTZ = (100, 200, 500, 1000, 2000, 4000, 8000)
UNITS: dict[RowKind, str] = {"hertz": "dB", "mel": "dB", "mfcc": "", "channel": ""}


@dataclass(frozen=True)
class RowScale:
    """`span` is the lowest and highest frequency in Hz: of the bins, or of the mel filters' edges."""

    kind: RowKind
    count: int
    span: tuple[float, float] = (0.0, 8000.0)
    unit: str = "dB"
    """Unit of the values."""

    @property
    def title(self) -> str:
        """What the axis says."""
        return "MFCC" if self.kind == "mfcc" else "kHz"

    def ticks(self, height: float) -> list[tuple[float, str]]:
        """Return labels and their heights, as fractions from the lower edge of an axis of `height` pixels."""
        most = max(2, int(height / LINE_ROOM))
        if self.kind == "mfcc":
            numbers = sorted({int(number) for number in linear_ticks(0, max(1, self.count - 1), most)})
            return [((number + 0.5) / self.count, str(number)) for number in numbers if number < self.count]
        if self.kind == "hertz":
            low, high = self.span
            return [((hertz - low) / (high - low), plain(hertz / 1000)) for hertz in linear_ticks(low, high, most)]
        return self._mel_ticks(height)

    def _mel_ticks(self, height: float) -> list[tuple[float, str]]:
        found: list[tuple[float, str]] = []
        for hertz in reversed(MEL_HERTZ):
            place = self.place_of(hertz)
            if 0 <= place <= 1 and all((other - place) * height >= LINE_ROOM * 0.7 for other, _ in found):
                found.append((place, plain(hertz / 1000)))
        return found

    def place_of(self, hertz: float) -> float:
        """Return where a frequency lies, as a fraction from the lower edge."""
        low, high = self.span
        if self.kind == "hertz":
            return (hertz - low) / (high - low)
        mel, first, last = hertz_to_mel(np.array([hertz, low, high])).tolist()
        # The centre of row r lies at (r + 1) of the count + 1 equal steps between the edges.
        return ((mel - first) / (last - first) * (self.count + 1) - 0.5) / self.count

    def words_at(self, place: float) -> str:
        """Return what lies at a height, in a word or two."""
        row = min(self.count - 1, max(0, int(place * self.count)))
        if self.kind == "mfcc":
            return f"coefficient {row}"
        low, high = self.span
        if self.kind == "hertz":
            return f"{plain(round(low + place * (high - low)))} Hz"
        first, last = hertz_to_mel(np.array([low, high])).tolist()
        mel = first + (row + 1) / (self.count + 1) * (last - first)
        name = "channel" if self.kind == "channel" else "filter"
        return f"{name} {row}, {plain(round(700 * float(np.expm1(mel / 1127))))} Hz"
