"""What the window remembers from one start to the next, each declared once."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QSplitter

from core.datasets.data_folder import data_folder
from workbench.theme import CHOICES, Choice

MOST_RECENT = 8


@dataclass(frozen=True)
class Preference:
    """A remembered value: its key and what holds before anything was remembered."""

    key: str
    default: Any


GEOMETRY = Preference("window/geometry", QByteArray())
PAGE = Preference("window/page", "Experiment")
THEME = Preference("window/theme", "system")
LOG_SHOWN = Preference("window/log_shown", "false")
LOG_HEIGHT = Preference("window/log_height", 200)
SPLITTER = Preference("splitters/", QByteArray())
RECENT_STUDIES = Preference("studies/recent", [])
LAST_STUDY = Preference("studies/last", "")
WELCOMED = Preference("welcomed", "false")
OPEN_GROUPS = Preference("experiment/open_groups", ["dataset"])
LAST_SPEC = Preference("experiment/spec", "")
LAST_DATA = Preference("data/last_", "")
LAST_FOLDER = Preference("folders/last", "")


class Preferences:
    """Typed access to the settings file."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def get(self, preference: Preference, name: str = "") -> Any:
        """Return what was remembered; `name` tells several of a kind apart."""
        return self._settings.value(preference.key + name, preference.default)

    def set(self, preference: Preference, value: Any, name: str = "") -> None:
        """Remember a value."""
        self._settings.setValue(preference.key + name, value)

    def keep_splitter(self, splitter: QSplitter, name: str) -> None:
        """Put a splitter where it was left under this name, and remember where it is moved."""
        splitter.restoreState(self.get(SPLITTER, name))
        splitter.splitterMoved.connect(lambda: self.set(SPLITTER, splitter.saveState(), name))

    @property
    def theme(self) -> Choice:
        """The theme chosen; what the file holds beside the three is taken as following the system."""
        remembered = self.get(THEME)
        return remembered if remembered in CHOICES else "system"

    @property
    def recent_studies(self) -> list[str]:
        """Folders of the studies opened last, latest first."""
        return self._list(RECENT_STUDIES)

    @property
    def open_groups(self) -> list[str]:
        """Names of the form's open groups."""
        return self._list(OPEN_GROUPS)

    @property
    def last_spec(self) -> str:
        """The spec edited last, as JSON; empty when there was none."""
        return str(self.get(LAST_SPEC))

    def remember_study(self, folder: Path) -> None:
        """Put a study at the head of the recent ones; it is opened at the next start."""
        path = str(folder)
        others = [other for other in self.recent_studies if other != path]
        self.set(RECENT_STUDIES, [path, *others][:MOST_RECENT])
        self.set(LAST_STUDY, path)

    def _list(self, preference: Preference) -> list[str]:
        # A settings file keeps a list of one as text and an empty one as nothing.
        remembered = self.get(preference)
        return [remembered] if isinstance(remembered, str) else list(remembered or [])

    def is_on(self, preference: Preference) -> bool:
        """Tell whether a yes-or-no value is yes; settings files keep them as text."""
        return str(self.get(preference)).lower() == "true"


def default_settings() -> QSettings:
    """Return the user's own settings; TINYML_WORKBENCH_CONFIG moves them."""
    moved = os.environ.get("TINYML_WORKBENCH_CONFIG")
    if moved:
        return QSettings(str(Path(moved) / "workbench.ini"), QSettings.Format.IniFormat)
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "tinyml-workbench", "workbench")


def default_study_folder() -> Path:
    """Return where trials go when no study was ever opened."""
    return data_folder() / "studies" / "first-study"
