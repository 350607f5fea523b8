"""What a network for forecasts learns from: which file and columns, which windows, which part of time they are in."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from core.errors import Problem
from core.section import Section, homeless, setting

_COLUMNS = "T (degC), rh (%); rh (%)"


class SeriesData(Section):
    """Where the measurements are, and which of them."""

    title: ClassVar[str] = "Data"

    file: str = setting("", "CSV file with a column of times and columns of numbers.")
    targets: tuple[str, ...] = setting(
        (),
        "Columns to forecast; none named means air temperature and relative humidity, found by their names.",
        example=_COLUMNS,
    )
    inputs: tuple[str, ...] = setting(
        (), "Columns that the network sees; none named means those it forecasts.", example=_COLUMNS
    )
    time_column: str = setting("", "Column of times; none named means the first that can be read as one.")
    shape: Literal["automatic", "wide", "long"] = setting(
        "automatic",
        "A wide table has a column for each quantity; a long one has one column of values, and others that say which "
        "series each is of, as histories of Home Assistant and InfluxDB do.",
        implied="wide",
    )
    series_columns: tuple[str, ...] = setting(
        (),
        "Of a long table: columns whose texts name its series; none named means those found by their names and texts.",
        applies={"shape": ("automatic", "long")},
        example="entity_id; sensor, quantity",
        implied=(),
    )
    value_column: str = setting(
        "",
        "Of a long table: column of the values; none named means the one that holds numbers.",
        applies={"shape": ("automatic", "long")},
        implied="",
    )
    missing_value: float = setting(-9999.0, "Number that stands where nothing was measured.")
    invalid_values: tuple[float, ...] = setting(
        (),
        "Further numbers that no sensor measured, such as -127 and 85 of a DS18B20 that lost its line or its power.",
        example="-127, 85; -999",
        implied=(),
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if not self.file:
            yield Problem("file", "no file given; choose a CSV file with a column of times and columns of numbers")
        yield from homeless(self.file, "file")
        for name in ("targets", "inputs"):
            columns = getattr(self, name)
            if len(set(columns)) != len(columns):
                yield Problem(name, "each column may be named once; remove the repeated one")


class Window(Section):
    """What the network sees of the past, and how far it looks ahead."""

    title: ClassVar[str] = "Window"

    step_minutes: float = setting(
        10.0, "Time from one value to the next; a multiple of the file's own.", gt=0, le=525_600, unit="min"
    )
    input_steps: int = setting(6, "Past values that the network sees.", ge=1, le=1000, unit="steps")
    output_steps: int = setting(6, "Values to come that it forecasts.", ge=1, le=1000, unit="steps")
    stride: int = setting(1, "Rows of the file from one window to the next.", ge=1, le=10_000, unit="rows")

    @property
    def num_steps(self) -> int:
        """Steps of a whole window."""
        return self.input_steps + self.output_steps


class TimeSplit(Section):
    """Which time trains, chooses and tests: one after another, so that nothing to come is known before."""

    title: ClassVar[str] = "Split"

    validation_fraction: float = setting(
        0.2, "Part of the rows, after those of training, that chooses the best epoch.", gt=0, lt=0.9
    )
    test_fraction: float = setting(0.1, "Last part of the rows, that errors are measured on.", gt=0, lt=0.9)

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.validation_fraction + self.test_fraction >= 0.95:
            yield Problem(
                "test_fraction", "validation and test together must leave at least 5 % to train on; lower one"
            )
