"""A study is a folder, a trial a folder in it: `trials/0007-2c8b584a5986/`. The files are the only truth.

study.json     name, reference trial, constraints
trials/        one folder per trial, see `trial_folder.py`
.trash/        trials deleted, until the user empties it
.index.json    summaries by trial, derived: rebuilt from the folders whenever it does not fit them
"""

import contextlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.errors import StudyError
from core.events import Event
from core.experiment import trial_folder
from core.experiment.constraints import Constraints
from core.experiment.files import not_plain, require_plain_folder, writing_failed
from core.experiment.index import read_index, write_index
from core.experiment.study_settings import StudySettings, read_settings, write_settings
from core.experiment.summary import DeviceLatency, TrialState, TrialSummary, letter_of
from core.experiment.trial_folder import NAME, TrialFolder
from core.files import require_plain_file
from core.results import TrialResult
from core.spec import TrialSpec, identity, parse_spec

__all__ = ["Constraints", "DeviceLatency", "Study", "TrialState", "TrialSummary", "letter_of"]


class Study:
    """A folder of trials. Several processes may have it open; `refresh` shows what the others did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warning = ""
        """A sentence when study.json was damaged and its defaults are in force."""
        self._parent = str(folder / "trials")
        self._trials: dict[str, TrialFolder] = {}
        self._settings = StudySettings()
        self._settings_mtime_ns = -1

    @classmethod
    def create(cls, folder: Path | str, name: str = "") -> "Study":
        """Make a new, empty study. Raises StudyError when there is one already or it cannot be written."""
        folder = Path(folder).expanduser()
        if is_study(folder):
            raise StudyError(f"{folder} already holds a study; open it, or name another folder")
        try:
            (folder / "trials").mkdir(parents=True)
        except OSError as error:
            raise StudyError(writing_failed(folder, error)) from error
        write_settings(folder, StudySettings(name=name or folder.resolve().name))
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path | str) -> "Study":
        """Open a study. Raises StudyError when the folder holds none."""
        folder = Path(folder).expanduser()
        if not is_study(folder):
            raise StudyError(f"{folder} is not a study (no study.json and no trials in it); choose another folder")
        study = cls(folder)
        study._require_own_folders()
        study._load_index()
        indexed = study._signatures()
        study.refresh()
        if study._signatures() != indexed:
            study._save_index()
        return study

    @classmethod
    def open_or_create(cls, folder: Path | str, name: str = "") -> "Study":
        """Open the study of a folder, making it when there is none."""
        folder = Path(folder).expanduser()
        return cls.open(folder) if is_study(folder) else cls.create(folder, name)

    @property
    def name(self) -> str:
        """What the user calls the study; its folder's name if nothing else."""
        return self._settings.name or self.folder.resolve().name

    def summaries(self) -> list[TrialSummary]:
        """Return every trial, in number order, as of the last `refresh`."""
        reference = self.reference
        found = [trial.summary(reference) for trial in self._trials.values()]
        return sorted(found, key=lambda trial: (trial.number, trial.name))

    def refresh(self) -> set[str]:
        """Look at the folders again; return the names of trials that changed, appeared or disappeared."""
        self._read_settings()
        changed: set[str] = set()
        gone = set(self._trials)
        now_ns = time.time_ns()
        try:
            with os.scandir(self.folder / "trials") as entries:
                for entry in entries:
                    if NAME.fullmatch(entry.name) and (entry.is_dir() or entry.is_symlink()):
                        gone.discard(entry.name)
                        if self._look_at(entry, now_ns):
                            changed.add(entry.name)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StudyError(f"{self.folder} could not be read ({error.strerror}); check the disk") from error
        for name in gone:
            del self._trials[name]
        return changed | gone

    def summary(self, name: str) -> TrialSummary:
        """Return one trial as of the last `refresh`. Raises StudyError for an unknown name."""
        return self._trial(name).summary(self.reference)

    def spec(self, name: str) -> TrialSpec:
        """Return a trial's spec. Raises StudyError or SpecError when its file is damaged."""
        return trial_folder.read_spec(self.folder_of(name))

    def result(self, name: str) -> TrialResult | None:
        """Return what was measured, None while the trial is not finished. Raises StudyError when damaged."""
        return trial_folder.read_result(self.folder_of(name))

    def events(self, name: str) -> list[Event]:
        """Return what the trial said so far, oldest first."""
        return trial_folder.read_events(self.folder_of(name))

    def folder_of(self, name: str) -> Path:
        """Return a trial's folder. Raises StudyError for an unknown name, and where the folder is not to be trusted.

        Whoever opens a file of a trial asks here first, so that none is opened through a link.
        """
        folder = self.place_of(name)
        require_plain_folder(folder)
        return folder

    def place_of(self, name: str) -> Path:
        """Return where a trial lies, to be named or shown. Raises StudyError for an unknown name."""
        return self._trial(name).path

    def find(self, text: str) -> str:
        """Return the name of the trial that a user means by its letter, number, identity, title or name.

        Raises StudyError naming what there is when none or several fit.
        """
        wanted = text.strip()
        found = [
            trial.name
            for trial in self.summaries()
            if wanted in (trial.name, trial.letter, trial.letter.lower(), trial.identity, trial.title)
            or (wanted.isdigit() and int(wanted) == trial.number)
        ]
        if len(found) == 1:
            return found[0]
        known = ", ".join(trial.letter for trial in self.summaries()[:30]) or "none yet"
        count = "no trial" if not found else f"{len(found)} trials"
        raise StudyError(f"{count} of {self.folder} called {text!r}; name one by its letter: {known}")

    def add(self, spec: TrialSpec) -> str:
        """Put a new trial into the queue and return its name. Raises StudyError when it cannot be written."""
        with self._changing():
            name = f"{self._next_number():04d}-{identity(spec)}"
            try:
                unfinished = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder / "trials"))
                unfinished.chmod(0o755)
                trial_folder.write_spec(unfinished, spec, time.time())
                unfinished.rename(self.folder / "trials" / name)
            except OSError as error:
                raise StudyError(writing_failed(self.folder / "trials" / name, error)) from error
        self.refresh()
        return name

    @property
    def reference(self) -> str | None:
        """Name of the trial that the others are compared with, None without one."""
        name = self._settings.reference
        return name if name in self._trials else None

    def set_reference(self, name: str | None) -> None:
        """Compare with another trial from here on. Raises StudyError for an unknown name."""
        if name is not None:
            self._trial(name)
        self._change_settings(reference=name)

    @property
    def constraints(self) -> Constraints:
        """What the user wants of a trial."""
        return self._settings.constraints

    def set_constraints(self, constraints: Constraints) -> None:
        """Keep what the user wants of a trial. Raises StudyError when it cannot be written."""
        self._change_settings(constraints=constraints)

    def rename(self, name: str, title: str) -> None:
        """Give a trial another title; it stands in its spec alone. Raises SpecError for one that is too long."""
        folder = self.folder_of(name)
        spec = parse_spec({**self.spec(name).model_dump(), "name": title})
        with self._changing():
            trial_folder.write_spec(folder, spec, self.summary(name).created_s)
        self.refresh()

    def delete(self, name: str) -> None:
        """Move a trial out of sight; `restore` brings it back. Raises StudyError while it runs."""
        folder = self.place_of(name)
        if trial_folder.is_locked(folder):
            raise StudyError(f"trial {self.summary(name).letter} is running; cancel it before you delete it")
        self._move(folder, self.folder / ".trash" / name)

    def restore(self, name: str) -> None:
        """Bring a deleted trial back. Raises StudyError when it is not in the trash any more."""
        folder = self.folder / ".trash" / name
        if not folder.is_dir():
            raise StudyError(f"{folder} is not there any more; it cannot be brought back")
        self._move(folder, self.folder / "trials" / name)

    def _move(self, folder: Path, target: Path) -> None:
        try:
            target.parent.mkdir(exist_ok=True)
            folder.rename(target)
        except OSError as error:
            raise StudyError(writing_failed(folder, error)) from error
        self.refresh()

    def _require_own_folders(self) -> None:
        """Make sure that trials and trash lie in the study itself. Raises StudyError naming a link that leads out."""
        for name in ("trials", ".trash"):
            with contextlib.suppress(FileNotFoundError):
                folder = self.folder / name
                if not stat.S_ISDIR(mode := folder.lstat().st_mode):
                    raise StudyError(not_plain(folder, mode))

    def _trial(self, name: str) -> TrialFolder:
        if name not in self._trials:
            self.refresh()
        if name not in self._trials:
            raise StudyError(f"{self.folder} holds no trial {name!r}; it was renamed or deleted")
        return self._trials[name]

    def _look_at(self, entry: os.DirEntry[str], now_ns: int) -> bool:
        trial = self._trials.get(entry.name)
        if trial is None:
            trial = self._trials[entry.name] = TrialFolder(self._parent, entry.name)
        return trial.read_if_changed(entry.stat(follow_symlinks=False).st_mtime_ns, now_ns)

    def _next_number(self) -> int:
        """Return a number no trial has or had, so that a restored one finds its place free."""
        taken = [0]
        for parent in ("trials", ".trash"):
            with contextlib.suppress(FileNotFoundError), os.scandir(self.folder / parent) as entries:
                taken += [int(match[1]) for entry in entries if (match := NAME.fullmatch(entry.name))]
        return max(taken) + 1

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep other processes from changing the study meanwhile. Raises StudyError when it is read-only."""
        path = self.folder / ".lock"
        try:
            require_plain_file(path)
            lock = FileLock(path)
            lock.acquire()
        except OSError as error:
            raise StudyError(writing_failed(path, error)) from error
        try:
            yield
        finally:
            lock.release()

    def _change_settings(self, **changes: Any) -> None:
        with self._changing():
            self._read_settings()
            write_settings(self.folder, self._settings.model_copy(update={"name": self.name, **changes}))
        self._read_settings()

    def _read_settings(self) -> None:
        path = self.folder / "study.json"
        try:
            mtime_ns = path.lstat().st_mtime_ns
            if mtime_ns == self._settings_mtime_ns:
                return
            is_settled = time.time_ns() - mtime_ns > 50_000_000
            settings = read_settings(self.folder)
        except FileNotFoundError:
            self._settings = StudySettings()
            return
        except (OSError, ValueError):
            self._settings = StudySettings()
            self.warning = f"{path} is damaged; the study's name, reference and constraints are back at their defaults"
            return
        # A file that changed within the clock's grain may change again without showing it.
        self._settings_mtime_ns = mtime_ns if is_settled else -1
        self._settings, self.warning = settings, ""

    def _signatures(self) -> dict[str, tuple[int, int]]:
        return {name: trial.signature for name, trial in self._trials.items()}

    def _load_index(self) -> None:
        for summary, signature in read_index(self.folder):
            self._trials[summary.name] = TrialFolder(self._parent, summary.name, summary, signature)

    def _save_index(self) -> None:
        known = [(trial.known, trial.signature) for trial in self._trials.values() if trial.known is not None]
        write_index(self.folder, known)


def is_study(folder: Path | str) -> bool:
    """Tell whether a folder holds a study. Raises StudyError when the system does not let it be looked into."""
    folder = Path(folder).expanduser()
    try:
        return (folder / "study.json").is_file() or (folder / "trials").is_dir()
    except OSError as error:
        raise StudyError(
            f"{folder} may not be looked into ({error.strerror}); change its permissions, or choose another folder"
        ) from error
