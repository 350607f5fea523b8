"""Forecasts of a trial's model from the end of a table on this machine, by the very files that forecast on a device."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.datasets.climate import form_of, read_table, shape_of
from core.datasets.frame import load_frame
from core.datasets.time_texts import is_zoned
from core.deploy.device.forecast import Forecaster
from core.deploy.device.forecast_settings import ForecastSettings, forecast_settings
from core.deploy.device.runtime import MODEL_NAME, open_network
from core.deploy.device.tables import pick_columns, read_csv
from core.deploy.device.window import Series, latest_window
from core.deploy.forecast import DeviceForecast
from core.evaluation.guarded_model import try_out
from core.experiment.trial_folder import read_spec
from core.spec import ForecastingSpec, SeriesData, of_task


def forecast_table(trial: Path, table: Path, time_column: str = "", columns: Mapping[str, str] = {}) -> DeviceForecast:
    """Forecast what follows the last whole window of a CSV file, however old it is.

    `trial` is the folder of a trial; `columns` names the table's column for an input where it is called otherwise.
    Raises DataError or ModelError with a sentence when that cannot be done.
    """
    frame = load_frame(trial).model_dump(mode="json")
    settings = forecast_settings({"frame": frame, "typical": [0.0] * len(frame["inputs"])})
    window = latest_window(_latest_rows(_data_of(trial, table, time_column), settings, columns), settings, any_age=True)
    try_out(trial / MODEL_NAME)
    return DeviceForecast.model_validate(Forecaster(settings, open_network(trial, settings)).forecast(window))


def _data_of(trial: Path, table: Path, time_column: str) -> SeriesData:
    """Return a table with what the trial's spec says of how tables are read."""
    columns = {"file": str(table), "time_column": time_column, "targets": (), "inputs": ()}
    if not (trial / "spec.json").is_file():
        return SeriesData.model_validate(columns)
    return of_task(read_spec(trial), ForecastingSpec).dataset.model_copy(update=columns)


def _latest_rows(data: SeriesData, settings: ForecastSettings, given: Mapping[str, str]) -> Series:
    form = form_of(data)
    if form.long is None:
        return read_csv(Path(data.file), settings, given, data.time_column, shape_of(data))
    columns = pick_columns(data.file, form.numeric, settings, given)
    # A column may serve several inputs.
    wide = read_table(data, tuple(dict.fromkeys(columns)))
    values = wide.values[:, [wide.columns.index(name) for name in columns]].astype(np.float64)
    return Series(data.file, wide.times_s.astype(np.float64), values, is_local=not is_zoned(form.time_format))
