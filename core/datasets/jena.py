"""The Jena climate file of 2009 to 2016: where it lies on this machine, and how it gets there.

Weather station of the Max Planck Institute for Biogeochemistry, https://www.bgc-jena.mpg.de/wetter/, 420,551 rows of
ten minutes; the archive is the one that the tutorials of TensorFlow use.
"""

from pathlib import Path

from core.datasets.data_folder import data_folder
from core.datasets.download import CONNECT_TIMEOUT_S, Archive, fetch_archive
from core.errors import DataError
from core.events import Emit, ignore

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/jena_climate_2009_2016.csv.zip"
NUM_BYTES = 13_568_290
NAME = "jena_climate_2009_2016"


def jena_file() -> Path:
    """Return where the file lies, or would lie once downloaded."""
    return data_folder() / NAME / f"{NAME}.csv"


def is_downloaded() -> bool:
    """Tell whether the file is there; it is either whole or absent."""
    return jena_file().is_file()


def download(
    folder: Path | None = None,
    emit: Emit = ignore,
    url: str = URL,
    num_bytes: int = NUM_BYTES,
    timeout_s: float = CONNECT_TIMEOUT_S,
) -> Path:
    """Download and unpack the file, going on with what an earlier attempt left; return its path.

    Raises OfflineError after `timeout_s` when the server cannot be reached, DataError when the archive is not
    what it should be or cannot be written, TrialCancelled through `emit`.
    """
    target = folder or jena_file().parent
    if not _tables(target):
        archive = Archive(
            title="Jena climate",
            url=url,
            num_bytes=num_bytes,
            name=NAME,
            instead="use a CSV file of your own",
            offline="use a CSV file of your own",
        )
        fetch_archive(archive, target, emit, timeout_s)
    found = _tables(target)
    if not found:
        raise DataError(f"{target}: the archive held no CSV file; remove the folder and download it again")
    return found[0]


def _tables(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.csv"))
