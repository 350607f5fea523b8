"""A number that is dragged: a slider beside the line that it is typed in."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QSlider

from core.section import Section, declared
from workbench.form import field_text
from workbench.form.editors import make_editor
from workbench.form.field_text import Shape
from workbench.form.fields import FieldEditor, UnitLine, bounds_of, guard_wheel

LINE_WIDTH = 104
STEPS = 200
"""Places of a slider over a scale without natural ones."""
DIGITS = 2
SHORT = 16
"""Places of a scale of which each may be tried."""


class SliderEditor(FieldEditor):
    """Shows a number as a place on a scale and as text; both change it."""

    def __init__(self, field: FieldInfo, unit: str, at_zero: str) -> None:
        super().__init__()
        self.scale = self.values = scale_of(field)
        """Every value the slider may stop at, and what its places stand for now."""
        self._read: Callable[[str], Any] = lambda text: field_text.read(field, text)
        self.line = UnitLine(unit, at_zero)
        self.line.setFixedWidth(LINE_WIDTH)
        self.line.textEdited.connect(self._on_typed)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self._span_slider()
        guard_wheel(self.slider)
        self.slider.valueChanged.connect(self._on_dragged)
        self.hold(self.slider, self.line)
        self.setFocusProxy(self.line)

    def show_value(self, value: Any) -> None:
        """Show a value; one that is no number leaves the slider where it was."""
        text = field_text.write(value)
        if self.line.text() != text:
            self.line.setText(text)
        if isinstance(value, int | float):
            self._place_slider(value)

    def show_fault(self, faulty: str) -> None:
        """Mark the line when `faulty` says what is wrong."""
        self.line.setProperty("faulty", "true" if faulty else "false")
        self.line.style().unpolish(self.line)
        self.line.style().polish(self.line)
        self.line.setAccessibleDescription(faulty)

    def offer(self, value: float, fits: Callable[[float], bool]) -> None:
        """Let the slider run over what fits the other settings, around the value at hand; not while it is dragged."""
        if self.slider.isSliderDown():
            return
        found = fitting(self.scale, _nearest(self.scale, value), fits) or self.scale
        if found != self.values:
            self.values = found
            with QSignalBlocker(self.slider):
                self._span_slider()
            self._place_slider(value)

    def _span_slider(self) -> None:
        self.slider.setRange(0, len(self.values) - 1)
        self.slider.setPageStep(max(1, len(self.values) // 20))

    def _on_dragged(self, place: int) -> None:
        value = self.values[place]
        self.line.setText(field_text.write(value))
        self.value_chosen.emit(value)

    def _on_typed(self, text: str) -> None:
        # What cannot be read is the draft's to complain of.
        with suppress(ValueError):
            self._place_slider(self._read(text))
        self.text_edited.emit(text)

    def _place_slider(self, value: float) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(_nearest(self.values, value))


def fitting(scale: Sequence[float], place: int, fits: Callable[[float], bool]) -> tuple[float, ...]:
    """Return the values of a scale that fit; of a long one those around a place, which lie together."""
    if len(scale) <= SHORT:
        return tuple(filter(fits, scale))
    first = bisect_left(range(place + 1), True, key=lambda at: fits(scale[at]))
    last = bisect_left(range(place, len(scale)), True, key=lambda at: not fits(scale[at])) + place
    return tuple(scale[first:last])


def scale_of(field: FieldInfo) -> tuple[float, ...]:
    """Return the values a slider stops at: powers of two for lengths of a transform, else two digits of each."""
    low, high = limits_of(field)
    if field_text.shape_of(field) is Shape.WHOLE:
        if low == 0 and high >= 1024:
            return (0, *(1 << power for power in range(6, int(math.log2(high)) + 1)))
        return tuple(range(int(low), int(high) + 1))
    # Ears and windows know ratios, so the scale is one of ratios, from a hundredth of its end where it starts at 0.
    first = low or high / 100
    ratios = (first * (high / first) ** (step / STEPS) for step in range(STEPS + 1))
    rounded = sorted({min(high, max(low, _rounded(value))) for value in ratios} | {low, high})
    return tuple(rounded)


def limits_of(field: FieldInfo) -> tuple[float, float]:
    """Return the least and the largest value a field may have."""
    if field_text.shape_of(field) is Shape.WHOLE:
        return bounds_of(field)
    least = max(bound.ge for bound in field.metadata if hasattr(bound, "ge"))
    most = min(bound.le for bound in field.metadata if hasattr(bound, "le"))
    return float(least), float(most)


def _nearest(scale: Sequence[float], value: float) -> int:
    return min(range(len(scale)), key=lambda place: abs(scale[place] - value))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def make_dragged_editor(section: type[Section], name: str) -> FieldEditor:
    """Return a slider for a number that has two limits, and what the form has for everything else."""
    field = section.model_fields[name]
    if field_text.shape_of(field) in (Shape.WHOLE, Shape.NUMBER):
        return SliderEditor(field, *(declared(section, name)[kind] for kind in ("unit", "at_zero")))
    return make_editor(section, name)
