"""What the programs on a device tell, read on this side: one JSON object a line, `kind` in each."""

import json
from collections.abc import Generator
from contextlib import closing
from typing import Any

from core.errors import DeviceError

_MOST_SHOWN = 200


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
                shown = line.strip()[:_MOST_SHOWN]
                raise DeviceError(f"{device}: said something unexpected ({shown}); deploy the model again") from None
            if kind == "failed":
                raise DeviceError(f"{device}: {values.get('message', 'it failed')}")
            yield values
