"""Files that say what the clips of a folder are, damaged: lists of labels, tables, edits, lists of parts."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from core.audio.wav import Sound, write_wav
from core.datasets.catalogue import label_rows, make_catalogue, open_catalogue
from core.datasets.check import check_folder
from core.datasets.clips import find_clips
from core.datasets.edits import ClipEdit, change_edits
from core.datasets.layout import list_clips
from core.datasets.split import split_clips
from core.spec import Dataset, Split
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_json, mutate_text

_WORDS = ("go", "stop")
_EDITS = ".tinyml-edits.json"
_LISTENED_ONE_IN = 20


class Listings:
    """A folder of clips of which the file that describes them is damaged."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._clips = scratch / "clips"
        shutil.copytree(seeds, self._clips)
        self._files = {
            path.relative_to(seeds).as_posix(): path.read_bytes()
            for path in sorted(seeds.rglob("*"))
            if path.is_file() and path.suffix != ".wav"
        }
        self._scratch = scratch

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Write a folder for each way to describe clips."""
        names = [f"{word}.{number}.wav" for word in _WORDS for number in range(6)]
        for layout in ("edge", "table", "edits", "lists"):
            for name in names:
                word = name.partition(".")[0]
                place = seeds / layout / (word if layout in ("edits", "lists") else "") / name
                place.parent.mkdir(parents=True, exist_ok=True)
                write_wav(place, Sound(np.full(1600, 0.1, np.float32), 16_000))
        files = [
            {"path": name, "category": "training", "label": {"type": "label", "label": name.partition(".")[0]}}
            for name in names
        ]
        (seeds / "edge" / "info.labels").write_text(json.dumps({"version": 1, "files": files}))
        rows = [f"{name}\t{name.partition('.')[0]}\tspeaker{number % 4}\ttrain" for number, name in enumerate(names)]
        (seeds / "table" / "train.tsv").write_text("\n".join(("path\tsentence\tclient_id\tsplit", *rows)) + "\n")
        change_edits(seeds / "edits", {"go/go.1.wav": ClipEdit(label="stop", start_ms=20)})
        for part, number in (("validation", 2), ("testing", 3)):
            (seeds / "lists" / f"{part}_list.txt").write_text(
                "".join(f"{word}/{word}.{number}.wav\n" for word in _WORDS)
            )

    def whole(self) -> Iterator[tuple[str, bytes, bool]]:
        """Yield each description as it is."""
        for name, content in self._files.items():
            yield name, content, True

    def damaged(self, rng: Random) -> tuple[str, bytes, bool]:
        """Return a description's place and content, and whether the clips are listened to as well."""
        name = rng.choice(list(self._files))
        content = self._files[name]
        is_json = name.endswith((_EDITS, "info.labels"))
        content = mutate_json(rng, content) if is_json else mutate_text(rng, content, list(self._files.values()))
        return name, content, rng.randrange(_LISTENED_ONE_IN) == 0

    def attempts(self, given: tuple[str, bytes, bool]) -> Iterator[Attempt]:
        """Find and deal the clips, and look through them."""
        name, content, is_listened = given
        path = self._clips / name
        folder = self._clips / name.partition("/")[0]
        path.write_bytes(content)
        dataset = Dataset(folder=str(folder))
        split = Split(rule="lists" if folder.name == "lists" else "speaker")
        yield lambda: list_clips(folder)
        yield lambda: _dealt(dataset, split)
        if is_listened:
            yield lambda: check_folder(folder)
            yield lambda: label_rows(open_catalogue(make_catalogue(dataset, split), folder))
        path.write_bytes(self._files[name])

    def tidy(self) -> None:
        """Empty the cache."""
        shutil.rmtree(self._scratch / "cache", ignore_errors=True)


def _dealt(dataset: Dataset, split: Split) -> None:
    split_clips(find_clips(dataset), split)
