"""Forecasts of a trial's model from the end of a table on this machine, by the very files that forecast on a device."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.datasets.climate import read_series, table_form
from core.datasets.frame import load_frame
from core.datasets.time_texts import is_zoned
from core.deploy.device.forecast import Forecaster
from core.deploy.device.forecast_settings import ForecastSettings, forecast_settings
from core.deploy.device.runtime import MODEL_NAME, open_network
from core.deploy.device.tables import pick_columns, read_csv
from core.deploy.device.window import Series, latest_window
from core.deploy.forecast import DeviceForecast
from core.evaluation.guarded_model import try_out


def forecast_table(trial: Path, table: Path, time_column: str = "", columns: Mapping[str, str] = {}) -> DeviceForecast:
    """Forecast what follows the last whole window of a CSV file, however old it is.

    `trial` is the folder of a trial; `columns` names the table's column for an input where it is called otherwise.
    Raises DataError or ModelError with a sentence when that cannot be done.
    """
    frame = load_frame(trial).model_dump(mode="json")
    settings = forecast_settings({"frame": frame, "typical": [0.0] * len(frame["inputs"])})
    window = latest_window(_latest_rows(table, settings, columns, time_column), settings, any_age=True)
    try_out(trial / MODEL_NAME)
    return DeviceForecast.model_validate(Forecaster(settings, open_network(trial, settings)).forecast(window))


def _latest_rows(table: Path, settings: ForecastSettings, given: Mapping[str, str], time_column: str) -> Series:
    form = table_form(table, time_column)
    if form.long is None:
        return read_csv(table, settings, given, time_column)
    columns = pick_columns(str(table), form.numeric, settings, given)
    # A column may serve several inputs.
    wide = read_series(table, tuple(dict.fromkeys(columns)), time_column)
    values = wide.values[:, [wide.columns.index(name) for name in columns]].astype(np.float64)
    return Series(str(table), wide.times_s.astype(np.float64), values, is_local=not is_zoned(form.time_format))
