"""The deployed file and the archive of it whose size is reported."""

import zipfile
from pathlib import Path

# The earliest date that a zip can say: the same model gives the same bytes whenever it is packed.
_DATE = (1980, 1, 1, 0, 0, 0)


def deploy(content: bytes, folder: Path) -> Path:
    """Write `model.tflite` and `model.tflite.zip` (deflate, level 9) beside it; return the first."""
    model = folder / "model.tflite"
    model.write_bytes(content)
    entry = zipfile.ZipInfo(model.name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(folder / "model.tflite.zip", "w") as archive:
        archive.writestr(entry, content, compresslevel=9)
    return model
