"""Values that a sensor gives when it failed, and such as stand still for longer than what it measures ever does.

−127 °C is what the library DallasTemperature says of a DS18B20 that does not answer (DEVICE_DISCONNECTED_C), 85 °C the
value with which that sensor starts (its data sheet, "power-on reset value"), −45 and 130 °C what the formula of an
SHT3x makes of a bus that stays low or high (its data sheet, 4.13), and 0 °C at 0 % what programs for a DHT write that
leave a failed reading at its beginning.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.datasets.climate import Series
from core.datasets.column_names import quantity_of, unit_of
from core.datasets.time_texts import minute_of

Kind = Literal["disconnected", "power_on", "bus_low", "bus_high", "both_zero", "impossible", "held"]

_OF_TEMPERATURE: dict[Kind, float] = {"disconnected": -127.0, "power_on": 85.0, "bus_low": -45.0, "bus_high": 130.0}
_MEANINGS: dict[Kind, str] = {
    "disconnected": "as a DS18B20 that does not answer is written down",
    "power_on": "with which a DS18B20 starts after it lost its power",
    "bus_low": "which an SHT3x gives whose line stays low",
    "bus_high": "which an SHT3x gives whose line stays high",
    "both_zero": "as is written down where a DHT sensor was not read",
}
_JUMP = 10.0
"""A temperature changes by less from one row to the next, unless the sensor failed."""
_LEAST_HELD_ROWS = 30
_LEAST_HELD_S = 6 * 3600
_LEAST_RESTING_ROWS = 6
_NATURAL_BOUNDS = (0, 100)
"""Of rain and light, and of shares in percent, such as the humidity of saturated air."""
_TIMES_USUAL = 8
_USUAL_SHARE = 0.99

Float32 = NDArray[np.float32]


class SensorFault(BaseModel):
    """A value of one column that was not measured. Times are seconds since 1970, in the clock of the file."""

    model_config = ConfigDict(frozen=True)

    column: str
    kind: Kind
    value: float = Field(description="That stands there; of several the one farthest off, or held the longest.")
    num_rows: int
    num_runs: int
    first_s: int = Field(description="Of the longest run.")
    last_s: int

    @property
    def sentence(self) -> str:
        """What is wrong, and what to do."""
        runs = f"in {self.num_runs:,} runs, the longest" if self.num_runs > 1 else "in one run,"
        rows = f"{self.num_rows:,} row{'s' * (self.num_rows != 1)} {runs}"
        when = f"{rows} from {minute_of(self.first_s)} to {minute_of(self.last_s)}"
        if self.kind == "held":
            return f"{self.column} stands still, at {self.value:g} the longest, over {when}; see if its sensor hung"
        if self.kind == "impossible":
            return f"{self.column} is beyond 0 to 100 %, at {self.value:g} the farthest, over {when}; see its sensor"
        if self.kind == "both_zero":
            return f"{self.column} is 0 as the humidity is, {_MEANINGS[self.kind]}, over {when}; empty those cells"
        remedy = f"leave {'it' if self.num_rows == 1 else 'them'} out (dataset.invalid_values = {self.value:g})"
        return f"{self.column} is {self.value:g}, {_MEANINGS[self.kind]}, over {when}; {remedy}"


def find_faults(series: Series) -> tuple[SensorFault, ...]:
    """Return what the columns of a series hold that was not measured, in their order."""
    return tuple(fault for place in range(len(series.columns)) for fault in _faults_of(series, place))


def _faults_of(series: Series, place: int) -> Iterator[SensorFault]:
    name, values = series.columns[place], np.asarray(series.values[:, place])
    is_humidity = quantity_of(name) == "humidity"
    if _can_be_temperature(name):
        for kind, value in _OF_TEMPERATURE.items():
            yield from _marked(series, name, kind, _after_a_jump(values, value))
    if is_humidity:
        yield from _marked(series, name, "impossible", (values < 0) | (values > 100))
    if quantity_of(name) == "temperature":
        damp = [at for at, other in enumerate(series.columns) if quantity_of(other) == "humidity"]
        zero = values == 0
        yield from _marked(series, name, "both_zero", zero & np.any(series.values[:, damp] == 0, axis=1))
    yield from _marked(series, name, "held", _held(values, series.interval_s))


def _can_be_temperature(name: str) -> bool:
    """Tell whether a column is one of °C, or says no unit, as in a feed of ThingSpeak."""
    return unit_of(name) == "°C" or (not unit_of(name) and quantity_of(name) != "humidity")


def _runs(values: Float32) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where runs of equal values begin and how many rows they have; a missing value is a run of its own."""
    starts = np.concatenate(([0], np.flatnonzero(values[1:] != values[:-1]) + 1))
    return starts, np.diff(np.append(starts, len(values)))


def _after_a_jump(values: Float32, value: float) -> NDArray[np.bool_]:
    """Tell which rows hold a value that is far from those measured before and after."""
    there: NDArray[np.bool_] = np.asarray(values == np.float32(value))
    places = np.flatnonzero(there)
    if not len(places):
        return there
    others = np.flatnonzero(np.isfinite(values) & ~there)
    if not len(others):
        return np.zeros(len(values), bool)
    after = np.searchsorted(others, places)
    near = np.full(len(places), np.inf)
    for at, is_there in ((after - 1, after > 0), (after, after < len(others))):
        distance = np.abs(values[others[at.clip(0, len(others) - 1)]] - value)
        near = np.where(is_there, np.minimum(near, distance), near)
    marked = np.zeros(len(values), bool)
    marked[places[near > _JUMP]] = True
    return marked


def _held(values: Float32, interval_s: int) -> NDArray[np.bool_]:
    """Tell which rows are of runs much longer than others; at its lowest or highest a quantity may well stay.

    So it does at no rain, at full saturation, or at night in the dark: at 0 or 100, or more than once.
    A sensor that hung at the highest value it ever gave stays there once.
    """
    starts, lengths = _runs(values)
    known = np.isfinite(values)
    marked = np.zeros(len(values), bool)
    if not known.any():
        return marked
    usual = float(np.quantile(lengths[known[starts]], _USUAL_SHARE))
    least = max(_LEAST_HELD_ROWS, _LEAST_HELD_S / interval_s, _TIMES_USUAL * usual)
    first = values[starts]
    bounds = [bound for bound in (np.nanmin(values), np.nanmax(values)) if _is_resting_place(bound, first, lengths)]
    for run in np.flatnonzero((lengths >= least) & ~np.isin(first, bounds)).tolist():
        marked[starts[run] : starts[run] + lengths[run]] = True
    return marked


def _is_resting_place(bound: np.float32, first: Float32, lengths: NDArray[np.int64]) -> bool:
    """Tell whether a quantity stays at its lowest or highest value of itself: at 0, at 100, or again and again."""
    at_bound = first == bound
    return bool(
        bound in _NATURAL_BOUNDS or at_bound.all() or np.count_nonzero(lengths[at_bound] >= _LEAST_RESTING_ROWS) > 1
    )


def _marked(series: Series, name: str, kind: Kind, marked: NDArray[np.bool_]) -> Iterator[SensorFault]:
    if not marked.any():
        return
    values = np.asarray(series.values[:, series.columns.index(name)])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    at = int(starts[longest])
    if kind == "impossible":
        at = int(np.flatnonzero(marked)[np.argmax(np.abs(values[marked] - 50))])
    yield SensorFault(
        column=name,
        kind=kind,
        value=float(values[at]),
        num_rows=int(marked.sum()),
        num_runs=len(starts),
        first_s=int(series.times_s[starts[longest]]),
        last_s=int(series.times_s[stops[longest] - 1]),
    )
