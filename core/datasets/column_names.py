"""What the names of a table's columns tell: quantity and unit. Loads nothing, so that every command can use it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_UNITS = {
    "degC": "°C", "deg": "°", "W/m?": "W/m²", "W/m\ufffd": "W/m²", "g/m**3": "g/m³",
    "?mol/m?/s": "µmol/m²/s", "\ufffdmol/m\ufffd/s": "µmol/m²/s",
}  # fmt: skip


_QUANTITIES = {
    "temperature": (
        r"^t(emp(erature)?)?\s*([(\[]|_|$)|^temp|^t2m|"
        r"^(air|ambient|outdoor|outside|indoor|inside|room|luft|au(ß|ss)en|innen|raum)[ _.-]?temp|"
        # As Home Assistant names what it knows; that of a processor, or one that is wished for, is no weather.
        r"^sensor\.(?!.*(cpu|processor|chip|core|battery|device|dew|flow|target|setpoint))"
        r".*temp(erature?)?(_\d+)?\s*([(\[]|$)"
    ),
    "humidity": r"^rh\s*([(\[]|_|$)|humid|feuchte|^hum",
}


def temperature_and_humidity(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are called air temperature and relative humidity, as far as there are any."""
    found = []
    for quantity in _QUANTITIES:
        found += [name for name in columns if quantity_of(name) == quantity][:1]
    return tuple(found) or _of_units(columns)


def _of_units(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns in °C and in %, where there is one of each at most: then the units alone say what they are."""
    found = [[name for name in columns if unit_of(name) == unit] for unit in ("°C", "%")]
    alone = [names[0] for names in found if len(names) == 1]
    return tuple(alone) if found[0] and all(len(names) <= 1 for names in found) else ()


def column_for(wanted: str, there: Sequence[str]) -> str:
    """Return the column that stands for another table's: of the same name, or of the same quantity; else nothing."""
    alike = [name for name in there if name_of(name).casefold() == name_of(wanted).casefold()]
    quantity = quantity_of(wanted)
    alike += [name for name in there if quantity and quantity_of(name) == quantity]
    return wanted if wanted in there else next(iter(alike), "")


def quantity_of(column: str) -> str:
    """Return temperature or humidity where a column is called so, else nothing."""
    found = (name for name, pattern in _QUANTITIES.items() if re.search(pattern, column, re.IGNORECASE))
    return next(found, "")


def unit_of(column: str) -> str:
    """Return the unit that a column's name ends with in brackets, or nothing."""
    found = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", column)
    return _UNITS.get(found[1], found[1]) if found else ""


def name_of(column: str) -> str:
    """Return a column's name without its unit."""
    return re.sub(r"\s*[(\[][^()\[\]]*[)\]]\s*$", "", column) or column
