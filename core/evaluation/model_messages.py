"""Messages between a process and the one that runs a model for it: JSON values with at most one array, in one frame.

Nothing is unpickled: what a model that was received might make of its process stays numbers and words.
"""

import json
import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<IQ")
_MOST_VALUES_BYTES = 1 << 20
_MOST_ARRAY_BYTES = 1 << 30
_TYPES = {"float32": np.float32, "float64": np.float64}

Array = NDArray[np.float32] | NDArray[np.float64]
Message = tuple[dict[str, Any], Array | None]


def write_message(stream: BinaryIO, values: dict[str, Any], array: Array | None = None) -> None:
    """Write a message with an array of floats, or without one."""
    if array is not None:
        values = {**values, "array": {"type": array.dtype.name, "shape": array.shape}}
    text = json.dumps(values).encode()
    content = b"" if array is None else np.ascontiguousarray(array).tobytes()
    stream.write(_HEADER.pack(len(text), len(content)))
    stream.write(text)
    stream.write(content)
    stream.flush()


def read_message(stream: BinaryIO) -> Message | None:
    """Read a message; None at the end of the stream. Raises ValueError for anything that is none."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    num_text, num_content = _HEADER.unpack(header)
    if num_text > _MOST_VALUES_BYTES or num_content > _MOST_ARRAY_BYTES:
        raise ValueError("the message is too long")
    text, content = stream.read(num_text), stream.read(num_content)
    if len(text) < num_text or len(content) < num_content:
        return None
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("the message is not an object")
    about = values.pop("array", None)
    if about is None:
        return values, None
    try:
        array = np.frombuffer(content, _TYPES[about["type"]]).reshape(about["shape"])
    except (KeyError, TypeError) as error:
        raise ValueError("the array is not described") from error
    return values, array
