"""A forecast of a device, on a page."""

import shlex
from typing import Any

from core.deploy.forecast import DeviceForecast, Stretch
from core.deploy.forecast_service import ForecastStatus
from workbench import console
from workbench.number_format import duration


def show(device: str, values: dict[str, Any]) -> None:
    """Draw the values a forecast goes by, and those that it gives."""
    found = DeviceForecast.model_validate(values)
    columns = [each.column for each in found.coming.quantities]
    headings: list[tuple[str, console.Side]] = [("time", "left"), ("", "left")]
    headings += [(f"{each.name} {each.unit}".strip(), "right") for each in found.coming.quantities]
    rows = [*_rows(found.past, "measured", columns), *_rows(found.coming, "forecast", columns)]
    title = f"{device}: {found.source}, {found.step_minutes:g} min from row to row"
    console.show_table(title, tuple(headings), rows)


def show_status(values: dict[str, Any]) -> None:
    """Draw how a forecasting service does, and what it forecast last."""
    status = ForecastStatus.model_validate(values)
    if status.state == "absent":
        name = shlex.quote(status.device)
        console.note(f"{status.device} has no forecasting service; `workbench device forecaster {name} install`")
    else:
        parts = [status.state, status.release or "nothing deployed"]
        parts += [f"from {status.source.place}"] if status.source is not None else []
        parts += [f"for {duration(status.running_s)}"] if status.running_s is not None else []
        console.note(f"{status.device}: {', '.join(parts)}")
    if status.message:
        console.note(status.message)
    if status.lingers is False and "linger" not in status.message:
        console.note("It runs only while its user is logged in there: sudo loginctl enable-linger $USER")
    if status.forecast is not None:
        console.note("")
        show(status.device, status.forecast.model_dump(mode="json"))


def _rows(stretch: Stretch, mark: str, columns: list[str]) -> list[tuple[str, ...]]:
    values = {each.column: each.values for each in stretch.quantities}
    rows = []
    for place, at in enumerate(stretch.times):
        when = f"{at:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
        figures = (f"{values[column][place]:.2f}" if column in values else "" for column in columns)
        rows.append((when, mark, *figures))
    return rows
