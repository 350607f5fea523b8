"""Archives as they were downloaded, damaged: unpacked as `data download` does."""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from core.audio.wav import Sound, write_wav
from core.datasets.download import Archive, download
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_bytes

_NAME = "words"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DIRECTORY_BYTES = 400


class Archives:
    """A zip of some clips, damaged."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._seeds = [path.read_bytes() for path in sorted(seeds.iterdir())]
        self._scratch = scratch

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Pack two clips and a text by each method that is read."""
        clip = seeds / "clip.wav"
        write_wav(clip, Sound(np.linspace(-0.5, 0.5, 200, dtype=np.float32), 16_000))
        for number, method in enumerate(_METHODS):
            with zipfile.ZipFile(seeds / f"{number}.zip", "w", method) as packed:
                for name in (f"{_NAME}/go/1.wav", f"{_NAME}/stop/1.wav", f"{_NAME}/README.md", "__MACOSX/._x"):
                    # The time of a file that is written now would differ in every run.
                    packed.writestr(zipfile.ZipInfo(name), clip.read_bytes(), method)
        clip.unlink()

    def whole(self) -> Iterator[bytes]:
        """Yield each archive as it is."""
        yield from self._seeds

    def damaged(self, rng: Random) -> bytes:
        """Return the bytes of an archive, damaged anywhere, or where its members are listed."""
        content = rng.choice(self._seeds)
        if rng.random() < 0.5:
            return mutate_bytes(rng, content, self._seeds)
        place = content.rindex(b"PK\x01\x02") if rng.random() < 0.5 else len(content) - _DIRECTORY_BYTES
        return content[:place] + mutate_bytes(rng, content[place:], self._seeds)

    def attempts(self, given: bytes) -> Iterator[Attempt]:
        """Unpack what has arrived."""
        folder = self._scratch / "data"
        folder.mkdir()
        (folder / f"{_NAME}.zip.part").write_bytes(given)
        # All of it has arrived, so that no server is asked.
        archive = Archive("Words", "http://127.0.0.1:9/words.zip", len(given), _NAME, _content, "-", "-")
        yield lambda: download(archive, folder / _NAME)
        shutil.rmtree(folder)

    def tidy(self) -> None:
        """Nothing is left anywhere."""


def _content(folder: Path) -> Path | None:
    return folder if (folder / "go").is_dir() else None
