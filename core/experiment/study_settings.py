"""What `study.json` holds: the name of a study, its reference trial, and what the user wants of a trial."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.errors import StudyError
from core.experiment.constraints import Constraints
from core.experiment.files import write_atomically
from core.files import read_plain
from core.json_text import load_object

FILE_NAME = "study.json"
SCHEMA_VERSION = 1


class StudySettings(BaseModel):
    """The content of `study.json`; fields of other programs are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    schema_version: int = Field(SCHEMA_VERSION, alias="schema")
    name: str = Field("", description="What the user calls the study.")
    reference: str | None = Field(None, description="Trial that the others are compared with.")
    constraints: Constraints = Constraints()


def read_settings(folder: Path) -> StudySettings:
    """Return the settings of a study's folder.

    Raises OSError or ValueError when there are none or they are damaged, StudyError when a newer version wrote them.
    """
    path = folder / FILE_NAME
    values: dict[str, Any] = load_object(read_plain(path))
    schema = values.get("schema", 0)
    if isinstance(schema, int) and schema > SCHEMA_VERSION:
        raise StudyError(f"{path} was written by a newer version of this program; update it")
    return StudySettings.model_validate(values)


def write_settings(folder: Path, settings: StudySettings) -> None:
    """Replace the settings of a study's folder. Raises StudyError when they cannot be written."""
    write_atomically(folder / FILE_NAME, settings.model_dump_json(indent=1, by_alias=True) + "\n")
