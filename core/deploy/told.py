"""What the programs on a device tell, read on this side: one JSON object a line, `kind` in each.

Nothing that a device says is believed: it is a sentence, a value within its bounds, or a DeviceError.
"""

import json
from collections.abc import Generator
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from core.errors import DeviceError
from core.json_text import load_object
from core.visible_text import visible_lines

MOST_SHOWN = 200
"""Characters of what a device said that stand in a sentence."""
_MOST_OF_A_SENTENCE = 2000

TOLD = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
"""How a model of what a device tells is read: a newer one may tell more, and no figure is infinite."""
TimeSeconds = Annotated[float, Field(ge=0, lt=253_370_764_800)]
"""Seconds since 1970, before the year 9999, so that it is a date in every time zone."""
Told = TypeVar("Told", bound=BaseModel)


def _within_years(time: datetime) -> datetime:
    # Not the outermost, for a time zone may lie between this and what it is shown in.
    if not 1970 < time.year < 9999:
        raise ValueError("the year is out of range")
    return time


Moment = Annotated[datetime, AfterValidator(_within_years)]
"""A time of day that can be shown in every time zone."""


def objects(lines: Generator[str, None, None], device: str) -> Generator[dict[str, Any], None, None]:
    """Yield the objects of lines as they come, and close the lines when the caller wants no more.

    Raises DeviceError with the device's own sentence when it says `failed`, or with what it said when that is no such
    object.
    """
    with closing(lines):
        for line in lines:
            try:
                values = load_object(line)
            except ValueError:
                raise _unexpected(device, line.strip()) from None
            if not isinstance(values.get("kind"), str):
                raise _unexpected(device, line.strip())
            if values["kind"] == "failed":
                raise DeviceError(f"{device}: {message_in(values) or 'it failed'}")
            yield values


def message_in(values: dict[str, Any]) -> str:
    """Return the sentence in an object, as much of it as is one; empty where there is none."""
    return visible_lines(str(values.get("message") or "")[:_MOST_OF_A_SENTENCE])


def understood(model: type[Told], values: dict[str, Any], device: str) -> Told:
    """Return an object as what it should be. Raises DeviceError with what was said when it is something else."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise unexpected(device, values) from error


def unexpected(device: str, values: dict[str, Any]) -> DeviceError:
    """Return the error for an object that is not what it should be."""
    return _unexpected(device, json.dumps(values, ensure_ascii=False))


def _unexpected(device: str, said: str) -> DeviceError:
    return DeviceError(f"{device}: said something unexpected ({said[:MOST_SHOWN]}); deploy the model again")
