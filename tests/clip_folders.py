"""Folders of short clips, laid out in the ways in which people lay them out."""

import json
from collections import Counter
from pathlib import Path

import numpy as np

from core.audio.wav import Sound, write_wav
from core.datasets.listing import Listing

TONE = Sound((0.3 * np.sin(np.arange(3200) * 0.4)).astype(np.float32), 8000)


def write(folder: Path, *names: str) -> Path:
    """Put a short clip at each path."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(folder / name, TONE)
    return folder


def labelled(listing: Listing) -> dict[str, int]:
    return dict(Counter(clip.label for clip in listing.clips))


def parts(listing: Listing) -> dict[tuple[str, str], int]:
    return dict(Counter((clip.label, clip.part) for clip in listing.clips))


def edge_impulse(folder: Path) -> Path:
    """Write an export of Edge Impulse: two words, 12 clips to train and 6 to test."""
    files = []
    for category, numbers in (("training", range(6)), ("testing", range(6, 9))):
        for word in ("go", "stop"):
            for number in numbers:
                path = f"{category}/{word}.{number:04x}ab.wav"
                write(folder, path)
                label = {"type": "label", "label": word}
                files.append({"path": path, "name": word, "category": category, "label": label})
    (folder / "info.labels").write_text(json.dumps({"version": 1, "files": files}))
    return folder
