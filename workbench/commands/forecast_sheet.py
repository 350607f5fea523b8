"""A forecast of a device, on a page."""

from typing import Any

from core.deploy.forecast import DeviceForecast, Stretch
from workbench import console


def show(device: str, values: dict[str, Any]) -> None:
    """Draw the values a forecast goes by, and those that it gives."""
    found = DeviceForecast.model_validate(values)
    columns = [each.column for each in found.coming.quantities]
    headings = [("time", "left"), ("", "left")]
    headings += [(f"{each.name} {each.unit}".strip(), "right") for each in found.coming.quantities]
    rows = [*_rows(found.past, "measured", columns), *_rows(found.coming, "forecast", columns)]
    title = f"{device}: {found.source}, {found.step_minutes:g} min from row to row"
    console.show_table(title, tuple(headings), rows)  # type: ignore[arg-type]


def _rows(stretch: Stretch, mark: str, columns: list[str]) -> list[tuple[str, ...]]:
    values = {each.column: each.values for each in stretch.quantities}
    rows = []
    for place, at in enumerate(stretch.times):
        when = f"{at:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
        figures = (f"{values[column][place]:.2f}" if column in values else "" for column in columns)
        rows.append((when, mark, *figures))
    return rows
