"""What a release's model is for: the settings of each task, by its name in `settings.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.deploy.device.forecast_settings import FORECASTING, forecast_settings
from core.deploy.device.settings import (
    FILE_NAME,
    SPOTTING,
    SettingsError,
    TaskSettings,
    load_values,
    parsed,
    spotting_settings,
)

_TASKS: Mapping[str, Callable[[dict[str, Any]], TaskSettings]] = {
    SPOTTING: spotting_settings,
    FORECASTING: forecast_settings,
}


def read_task(folder: Path) -> TaskSettings:
    """Read `settings.json` of any release. Raises SettingsError with a sentence when it cannot be used here."""
    task, values = load_values(folder)
    if task not in _TASKS:
        raise SettingsError(f"{folder / FILE_NAME}: is for {task!r}, which is unknown here; deploy the model again")
    return parsed(folder, values, _TASKS[task])
