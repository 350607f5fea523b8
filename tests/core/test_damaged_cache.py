"""Whatever is cut or emptied in the cache is computed anew, with the same outcome and a warning."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.cache import cache_root
from core.datasets.catalogue import make_catalogue, open_catalogue
from core.datasets.climate import read_series
from core.datasets.clip_facts import read_facts
from core.events import Emit, Event, Warned, ignore
from core.experiment.long_recording import kept_recording
from core.spec import Dataset, Split, parse_spec
from core.tasks.keyword_spotting import KeywordSpotting
from tests.series import write_series


def _prepared(folder: Path, emit: Emit) -> list[np.ndarray]:
    augmentation = {"enabled": True, "copies": 1, "background_probability": 1.0}
    spec = parse_spec({"dataset": {"folder": str(folder)}, "augmentation": augmentation})
    data = KeywordSpotting().prepare(spec, emit)
    return [data.train.inputs, data.train.targets, data.test.inputs, data.epoch_inputs(0)]


def _facts(folder: Path, emit: Emit) -> list[np.ndarray]:
    return [read_facts(folder, emit).columns]


def _catalogue(folder: Path, emit: Emit) -> list[np.ndarray]:
    return [open_catalogue(make_catalogue(Dataset(folder=str(folder)), Split(), emit), folder).columns]


def _recording(folder: Path, emit: Emit) -> list[np.ndarray]:
    made = kept_recording(parse_spec({"dataset": {"folder": str(folder)}}), 0.2, emit=emit)
    return [np.frombuffer(Path(made.wav).read_bytes(), np.uint8)]


def _series(folder: Path, emit: Emit) -> list[np.ndarray]:
    table = folder.parent / "table.csv"
    if not table.exists():
        write_series(table, num_rows=60)
    series = read_series(table, emit=emit)
    return [series.times_s, series.values]


@pytest.mark.parametrize(
    ("use", "kind"), [(_prepared, ""), (_facts, ""), (_catalogue, ""), (_recording, "recordings"), (_series, "")]
)
def test_each_file_of_the_cache_may_be_damaged(
    own_tone_clips: Path, use: Callable[[Path, Emit], list[np.ndarray]], kind: str
) -> None:
    expected = [np.array(array) for array in use(own_tone_clips, ignore)]
    kept = sorted(path for path in (cache_root() / kind).rglob("*") if path.is_file() and path.suffix != ".lock")
    assert kept
    for path in kept:
        content = path.read_bytes()
        for damaged in (b"", content[: len(content) // 2]):
            path.write_bytes(damaged)
            events: list[Event] = []
            found = use(own_tone_clips, events.append)
            said = [event.message for event in events if isinstance(event, Warned)]
            for one, other in zip(expected, found, strict=True):
                assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), path
            assert path.stat().st_size == len(content), path
            assert [words for words in said if str(path.parent) in words and "computed anew" in words], path
