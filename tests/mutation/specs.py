"""Specs, sweeps and searches in TOML, damaged: loaded, expanded, estimated, and taken as a foreign model's settings."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import resources
from core.estimate import estimate
from core.experiment.model_choice import preprocessing_of_spec
from core.experiment.search import load_search
from core.experiment.spec_file import load_spec, load_values, save_spec, to_toml
from core.experiment.sweep import load_sweep
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_text

_DATA = Path("/clips")


class Specs:
    """A starter spec, sweep or search of which the text is damaged."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._seeds = {
            folder.name: {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
            for folder in sorted(seeds.iterdir())
        }
        self._folder = scratch / "toml"
        shutil.copytree(seeds, self._folder)

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Copy what the program brings, specs as it writes them itself."""
        there = Path(resources.__file__).parent
        for kind in ("sweeps", "searches", "specs"):
            shutil.copytree(there / kind, seeds / kind, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (there / "specs").glob("*.toml"):
            save_spec(load_spec(path, data=_DATA), seeds / "specs" / f"written-{path.name}")

    def whole(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield each file as it is."""
        for kind, files in self._seeds.items():
            for name, content in files.items():
                yield kind, name, content

    def damaged(self, rng: Random) -> tuple[str, str, bytes]:
        """Return what a file is, its name and its text."""
        kind = rng.choice(list(self._seeds))
        name = rng.choice(list(self._seeds[kind]))
        return kind, name, mutate_text(rng, self._seeds[kind][name], list(self._seeds[kind].values()))

    def attempts(self, given: tuple[str, str, bytes]) -> Iterator[Attempt]:
        """Load the file as what it was."""
        kind, _, content = given
        path = self._folder / kind / "damaged.toml"
        path.write_bytes(content)
        match kind:
            case "specs":
                yield lambda: to_toml(load_spec(path, data=_DATA))
                yield lambda: estimate(load_spec(path, ["name=x", "training.epochs=2"], data=_DATA))
                yield lambda: load_values(path)
                if not {b"standardize", b"forecasting"} & set(content.replace(b'"', b" ").split()):
                    # Else it is refused, and nothing is wrong with the file.
                    yield lambda: preprocessing_of_spec(path, ("go", "stop"))
            case "sweeps":
                yield lambda: load_sweep(path, data=_DATA).expand()
            case _:
                yield lambda: load_search(path, data=_DATA).examples()

    def tidy(self) -> None:
        """Nothing is left anywhere."""
