"""Named arrays in an `.npz` file, which may be damaged, or made to claim more memory than there is."""

import io
import math
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from core.files import open_plain

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_REFUSALS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    TypeError,
    SyntaxError,
    RuntimeError,
    MemoryError,
)
"""What the readers of zip and npy raise besides ValueError and OSError; RuntimeError stands for an encrypted one."""


def read_arrays(path: Path, most_bytes: int | None = None) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by name, read-only. The file is opened as by `open_plain`.

    Raises OSError where it cannot be, ValueError where it is damaged, or its arrays claim more than `most_bytes`: of
    a file that was not compressed, which is what None stands for, no more than it takes itself.
    """
    try:
        with open_plain(path) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            most = os.fstat(file.fileno()).st_size if most_bytes is None else most_bytes
            if sum(member.file_size for member in members) > most:
                raise ValueError(f"{path.name} claims more than {most:,} bytes")
            return {member.filename.removesuffix(".npy"): _array(archive.read(member)) for member in members}
    except _REFUSALS as error:
        raise ValueError(f"{path.name} is not an array file ({error})") from error


def _array(content: bytes) -> NDArray[Any]:
    """Return the array of a `.npy` file (NumPy Enhancement Proposal 1); its shape must be that of its bytes."""
    file = io.BytesIO(content)
    shape, is_fortran, dtype = _HEADERS[npy.read_magic(file)](file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError("an array has not the bytes of its shape")
    array: NDArray[Any] = np.frombuffer(content, dtype, offset=file.tell()).reshape(
        shape, order="F" if is_fortran else "C"
    )
    return array
