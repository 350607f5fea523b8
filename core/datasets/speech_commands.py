"""Mini Speech Commands: where it lies on this machine, and how it gets there.

Eight words of Warden, "Speech Commands", 2018, https://arxiv.org/abs/1804.03209, 1,000 clips each, CC BY 4.0.
"""

from pathlib import Path

from core.datasets.clips import label_names
from core.datasets.data_folder import data_folder
from core.datasets.download import CONNECT_TIMEOUT_S, Archive, OfflineError, fetch_archive
from core.events import Emit, ignore

__all__ = ["OfflineError", "download", "is_downloaded", "mini_speech_commands_folder"]

URL = "http://storage.googleapis.com/download.tensorflow.org/data/mini_speech_commands.zip"
NUM_BYTES = 182_082_353
NAME = "mini_speech_commands"


def mini_speech_commands_folder() -> Path:
    """Return where Mini Speech Commands lies, or would lie once downloaded."""
    return data_folder() / NAME


def is_downloaded() -> bool:
    """Tell whether Mini Speech Commands is there; it is either whole or absent."""
    return len(label_names(mini_speech_commands_folder())) >= 2


def download(
    folder: Path | None = None,
    emit: Emit = ignore,
    url: str = URL,
    num_bytes: int = NUM_BYTES,
    timeout_s: float = CONNECT_TIMEOUT_S,
) -> Path:
    """Download and unpack Mini Speech Commands, going on with what an earlier attempt left; return its folder.

    Raises OfflineError after `timeout_s` when the server cannot be reached, DataError when the archive is not
    what it should be or cannot be written, TrialCancelled through `emit`.
    """
    target = folder or mini_speech_commands_folder()
    if not label_names(target):
        archive = Archive(
            title="Mini Speech Commands",
            url=url,
            num_bytes=num_bytes,
            name=NAME,
            instead="use a folder of your own",
            offline="make clips by speech synthesis",
        )
        fetch_archive(archive, target, emit, timeout_s)
    return target
