"""Forecasts of a trial's model from the end of a table on this machine, by the very files that forecast on a device."""

from collections.abc import Mapping
from pathlib import Path

from core.datasets.frame import load_frame
from core.deploy.device.forecast import Forecaster
from core.deploy.device.forecast_settings import forecast_settings
from core.deploy.device.runtime import open_network
from core.deploy.device.tables import read_csv
from core.deploy.device.window import latest_window
from core.deploy.forecast import DeviceForecast


def forecast_table(trial: Path, table: Path, time_column: str = "", columns: Mapping[str, str] = {}) -> DeviceForecast:
    """Forecast what follows the last whole window of a CSV file, however old it is.

    `trial` is the folder of a trial; `columns` names the table's column for an input where it is called otherwise.
    Raises DataError or ModelError with a sentence when that cannot be done.
    """
    frame = load_frame(trial).model_dump(mode="json")
    settings = forecast_settings({"frame": frame, "typical": [0.0] * len(frame["inputs"])})
    window = latest_window(read_csv(table, settings, columns, time_column), settings, any_age=True)
    return DeviceForecast.model_validate(Forecaster(settings, open_network(trial, settings)).forecast(window))
