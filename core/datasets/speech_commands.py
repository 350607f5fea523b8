"""Mini Speech Commands: eight words of Warden, "Speech Commands", 2018, 1,000 clips each, CC BY 4.0.

https://arxiv.org/abs/1804.03209
"""

from pathlib import Path

from core.datasets.clips import has_plain_labels
from core.datasets.download import Archive


def _clips_in(folder: Path) -> Path | None:
    """Return a folder whose own folders are the words: not one that merely holds it."""
    return folder if has_plain_labels(folder) else None


MINI_SPEECH_COMMANDS = Archive(
    title="Mini Speech Commands",
    url="http://storage.googleapis.com/download.tensorflow.org/data/mini_speech_commands.zip",
    num_bytes=182_082_353,
    name="mini_speech_commands",
    content=_clips_in,
    instead="use a folder of your own",
    offline="make clips by speech synthesis",
)
"""A folder with a sub-folder of clips for each word."""
