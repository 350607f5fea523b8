"""Large arrays on disk, written piece by piece and read as memory maps."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.cache import require_shape


def write_array(path: Path, shape: tuple[int, ...], dtype: DTypeLike, pieces: Iterable[NDArray[Any]]) -> None:
    """Write pieces one after another as one `.npy` file of a shape (NumPy Enhancement Proposal 1).

    Raises OSError on a full disk, where writing through a memory map would kill the process.
    """
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, dtype).data)


def map_array(path: Path, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Return an array as a read-only memory map. Raises OSError, EOFError or ValueError when it is not of the shape."""
    array: NDArray[Any] = np.load(path, mmap_mode="r")
    if shape is not None:
        require_shape(array, shape)
    return array
