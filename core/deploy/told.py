"""What the programs on a device tell, read on this side: one JSON object a line, `kind` in each."""

import json
from collections.abc import Generator
from contextlib import closing
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import DeviceError

_MOST_SHOWN = 200

Told = TypeVar("Told", bound=BaseModel)


def objects(lines: Generator[str, None, None], device: str) -> Generator[dict[str, Any], None, None]:
    """Yield the objects of lines as they come, and close the lines when the caller wants no more.

    Raises DeviceError with the device's own sentence when it says `failed`, or with what it said when that is no such
    object.
    """
    with closing(lines):
        for line in lines:
            try:
                values = json.loads(line)
                kind = values["kind"]
            except (ValueError, LookupError, TypeError):
                raise _unexpected(device, line.strip()) from None
            if kind == "failed":
                raise DeviceError(f"{device}: {values.get('message', 'it failed')}")
            yield values


def understood(model: type[Told], values: dict[str, Any], device: str) -> Told:
    """Return an object as what it should be. Raises DeviceError with what was said when it is something else."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _unexpected(device, json.dumps(values)) from error


def _unexpected(device: str, said: str) -> DeviceError:
    return DeviceError(f"{device}: said something unexpected ({said[:_MOST_SHOWN]}); deploy the model again")
