"""The user's folder for downloaded and made clips, and for what is kept about clips elsewhere."""

import os
from pathlib import Path

from platformdirs import user_data_path


def data_folder() -> Path:
    """Return the user's data folder; TINYML_WORKBENCH_DATA moves it."""
    moved = os.environ.get("TINYML_WORKBENCH_DATA")
    return Path(moved) if moved else user_data_path("tinyml-workbench", appauthor=False)
