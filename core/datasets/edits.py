"""What the user changed about clips without touching them: left out, under another label, from another time on.

The list lies beside the clips, as `.tinyml-edits.json` in their folder, and goes with a copy of it. For a folder that
may not be written it lies in the user's data folder, named after the path; where there are two, that one holds.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.datasets.data_folder import data_folder
from core.datasets.recordings import check_label
from core.errors import DataError
from core.files import read_plain, replace_file
from core.json_text import load_object
from core.section import faults_in

FILE_NAME = ".tinyml-edits.json"
SCHEMA_VERSION = 1
_ANY_MAY_WRITE = 0o222
_LATEST_MS = 24 * 3600 * 1000


def _as_label(label: str) -> str:
    if label:
        try:
            check_label(label)
        except DataError as error:
            raise ValueError(str(error)) from error
    return label


class ClipEdit(BaseModel):
    """What is changed about one clip; nothing in a new one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    excluded: bool = Field(False, description="Used nowhere: not to train, choose, test or time.")
    label: Annotated[str, AfterValidator(_as_label)] = Field(
        "", description="Label it counts under; its own when empty."
    )
    start_ms: int | None = Field(
        None,
        ge=0,
        le=_LATEST_MS,
        description="Where the part that is used begins; None leaves it to the rule for longer clips.",
    )


NOTHING = ClipEdit()
Edits = Mapping[str, ClipEdit]
"""By path within the folder, with slashes."""


def load_edits(folder: Path) -> dict[str, ClipEdit]:
    """Return what is changed about the clips of a folder; clips not named are as they are.

    Raises DataError naming a list that cannot be read, for training on what was excluded would be worse than stopping.
    """
    for path in (_users_own(folder), folder / FILE_NAME):
        try:
            content = load_object(read_plain(path))
            return {_checked(name): ClipEdit.model_validate(values) for name, values in content["clips"].items()}
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError, KeyError) as error:
            raise _unreadable(path, error) from error
    return {}


def change_edits(folder: Path, changes: Edits) -> dict[str, ClipEdit]:
    """Give clips of a folder other edits and return those they had, with which the change is taken back.

    Raises DataError when neither the folder nor the user's data folder can be written.
    """
    edits = load_edits(folder)
    before = {name: edits.get(name, NOTHING) for name in changes}
    edits.update(changes)
    edits = {name: edit for name, edit in sorted(edits.items()) if edit != NOTHING}
    _save(folder, edits)
    return before


def edits_place(folder: Path) -> Path:
    """Return the file that holds, or would hold, the edits of a folder."""
    return folder / FILE_NAME if _is_writable(folder) else _users_own(folder)


def _save(folder: Path, edits: Edits) -> None:
    clips = {name: edit.model_dump(exclude_defaults=True) for name, edit in edits.items()}
    content = json.dumps({"schema_version": SCHEMA_VERSION, "clips": clips}, indent=1) + "\n"
    place = edits_place(folder)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, content.encode())
        if place.parent == folder:
            # The folder could not be written before, or its list would be here.
            _users_own(folder).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{place}: cannot be written ({error.strerror}); free space or change the permissions, then try again"
        ) from error


def _is_writable(folder: Path) -> bool:
    """Tell whether a folder may be written; one that nobody is meant to write is left alone by root too."""
    return os.access(folder, os.W_OK) and bool(folder.stat().st_mode & _ANY_MAY_WRITE)


def _users_own(folder: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return data_folder() / "edits" / f"{folder.name or 'root'}-{digest}.json"


def _checked(name: str) -> str:
    """Return the name of a clip. Raises ValueError for one that does not lie within the folder of its list."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor:
        raise ValueError(f"{name!r} names nothing in its folder")
    return name


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path}: cannot be read as a list of excluded, relabelled and trimmed clips{faults_in(error)}; "
        "fix or remove it"
    )
