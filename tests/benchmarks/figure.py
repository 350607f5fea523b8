"""One figure of the benchmark: what was measured, what it comes to, and what it should come to."""

from dataclasses import asdict, dataclass
from typing import Any

DIGITS = 3


@dataclass(frozen=True)
class Figure:
    """A measured value beside its target; without a target it only informs."""

    name: str
    value: float
    unit: str
    measured: dict[str, float]
    """The quantities the value comes from, each with its unit at the end of its name."""
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def target(self) -> str:
        """The target in a few characters."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g} {self.unit}"
        return f"≥ {self.at_least:g} {self.unit}" if self.at_least is not None else ""

    @property
    def verdict(self) -> str:
        """`pass` or `short`; nothing for a figure that only informs."""
        if self.at_most is None and self.at_least is None:
            return ""
        reached = self.value <= self.at_most if self.at_most is not None else self.value >= (self.at_least or 0)
        return "pass" if reached else "short"

    def line(self) -> str:
        """Return the figure as one line of the table."""
        parts = ", ".join(f"{name} {_digits(value)}" for name, value in self.measured.items())
        value = f"{_digits(self.value)} {self.unit}"
        end = f"   ({self.note})" if self.note else ""
        return f"{self.name:<44} {value:>10}   {self.target:>10}  {self.verdict:<5}  {parts}{end}"

    def as_values(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        return {**asdict(self), "verdict": self.verdict}


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10**DIGITS else f"{value:.{DIGITS}g}"
