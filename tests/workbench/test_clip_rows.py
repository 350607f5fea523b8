"""Which clips are shown, in which order, and what is said about them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import Sound, write_wav
from core.datasets.catalogue import NONE, Catalogue, make_catalogue, open_catalogue
from core.datasets.edits import ClipEdit
from core.evaluation.verdicts import Verdicts
from core.spec import Dataset, Split
from workbench.clips.label_choice import used_labels, with_label, with_labels
from workbench.clips.rows import (
    ANY_FAULT,
    CHANGED,
    COLUMNS,
    EXCLUDED,
    LABEL,
    NAME,
    PROBLEM,
    SECONDS,
    SOUNDS_LIKE,
    UNLIKE,
    ClipFilter,
    ClipRows,
)


def catalogue(folder: Path, **dataset: object) -> Catalogue:
    return open_catalogue(make_catalogue(Dataset(folder=str(folder), **dataset), Split()), folder)


@pytest.fixture
def rows(own_tone_clips: Path) -> ClipRows:
    write_wav(own_tone_clips / "low" / "short.wav", Sound(np.resize(np.float32([0.5, -0.5]), 1600), 16000))
    shutil.copy(own_tone_clips / "high" / "1a2b3c70_nohash_0.wav", own_tone_clips / "high" / "again.wav")
    return ClipRows(catalogue(own_tone_clips))


def shown(rows: ClipRows, **wanted: object) -> list[str]:
    rows.filter = ClipFilter(**wanted)
    rows.arrange()
    return [rows.catalogue.names[row] for row in rows.shown]


def test_clips_are_filtered_by_label_part_problem_and_words(rows: ClipRows) -> None:
    assert len(shown(rows)) == 50
    assert {name.partition("/")[0] for name in shown(rows, labels=("high", "rising"))} == {"high", "rising"}
    parts = [shown(rows, part=part) for part in (0, 1, 2, NONE)]
    assert sum(map(len, parts)) == 50
    assert parts[3] == []
    assert shown(rows, problem="short") == ["low/short.wav"]
    twins = ["high/1a2b3c70_nohash_0.wav", "high/again.wav"]
    assert shown(rows, problem="duplicate") == twins
    assert shown(rows, problem=ANY_FAULT) == [*twins, "low/short.wav"]
    assert shown(rows, words="3C70 NOHASH") == [f"{label}/1a2b3c70_nohash_0.wav" for label in ("high", "low", "rising")]
    assert shown(rows, words="3c70", labels=("low",), part=5) == []


def test_edits_are_filtered_and_rows_stay_while_clips_are_edited(rows: ClipRows) -> None:
    before = shown(rows, labels=("low",))
    changes = {before[0]: ClipEdit(excluded=True), before[1]: ClipEdit(label="high"), before[2]: ClipEdit(start_ms=80)}
    edited = rows.catalogue.with_edits(changes)
    assert rows.lists(edited)
    rows.renew(edited)
    assert [rows.catalogue.names[row] for row in rows.shown] == before
    assert [rows.text(row, LABEL) for row in rows.shown[:3]] == ["low", "→ high", "low"]
    assert [rows.text(row, PROBLEM) for row in rows.shown[:3]] == ["excluded", "", "trimmed"]
    assert rows.label_words(int(rows.shown[1])) == "low → high"
    assert shown(rows, problem=EXCLUDED) == [before[0]]
    assert shown(rows, problem=CHANGED) == before[1:3]
    assert before[1] in shown(rows, labels=("high",))


def test_every_column_sorts_both_ways_and_back(rows: ClipRows) -> None:
    plain = shown(rows)
    for column in range(len(COLUMNS)):
        keys = {}
        for descends in (False, True):
            rows.sorted_by = (column, descends)
            assert sorted(shown(rows)) == sorted(plain)
            keys[descends] = rows._keys(column, rows.shown).tolist()
        assert keys[False] == sorted(keys[False])
        assert keys[True] == sorted(keys[True], reverse=True)
    rows.sorted_by = (SECONDS, False)
    assert shown(rows)[0] == "low/short.wav"
    rows.sorted_by = None
    assert shown(rows) == plain


def test_what_a_model_takes_for_something_else_comes_first_where_it_is_surest(rows: ClipRows) -> None:
    names = rows.catalogue.names
    probabilities = np.tile(np.array([0.8, 0.1, 0.1], np.float32), (len(names), 1))
    place = {"high": 0, "low": 1, "rising": 2}
    for row, name in enumerate(names):
        probabilities[row] = np.roll(probabilities[row], place[name.partition("/")[0]])
    wrong = [names.index(f"low/1a2b3c7{digit}_nohash_0.wav") for digit in (3, 5, 7)]
    for row, sure in zip(wrong, (0.6, 0.95, 0.7), strict=True):
        probabilities[row] = (sure, 0.9 - sure if sure < 0.9 else 0.05, 0.1 if sure < 0.9 else 0.0)
    rows.judge(Verdicts(("high", "low", "rising"), names, probabilities))
    assert shown(rows, problem=UNLIKE) == [names[wrong[1]], names[wrong[2]], names[wrong[0]]]
    assert rows.text(wrong[1], SOUNDS_LIKE) == "high 95 %"
    assert "The model takes it for high (95 %), not for low (5 %)." in rows.sentences(wrong[1])
    rows.sorted_by = (SOUNDS_LIKE, True)
    assert shown(rows)[:3] == [names[wrong[1]], names[wrong[2]], names[wrong[0]]]
    rows.sorted_by = None
    rows.renew(rows.catalogue.with_edits({names[wrong[1]]: ClipEdit(label="high")}))
    assert shown(rows, problem=UNLIKE) == [names[wrong[2]], names[wrong[0]]]


def test_clips_of_other_words_are_held_against_unknown_where_the_model_knows_it(rows: ClipRows) -> None:
    names = rows.catalogue.names[:40]
    probabilities = np.tile(np.array([0.9, 0.1], np.float32), (len(names), 1))
    rows.judge(Verdicts(("high", "low"), names, probabilities))
    assert {name.partition("/")[0] for name in shown(rows, problem=UNLIKE)} == {"low"}
    rows.judge(Verdicts(("_unknown_", "low"), names, probabilities))
    assert not any(rows.is_unlike(rows.catalogue.row_of[name]) for name in names if not name.startswith("low"))
    assert rows.text(len(rows.catalogue.names) - 1, SOUNDS_LIKE) == ""


def test_sentences_name_the_fault_its_twin_and_the_reason(rows: ClipRows, own_tone_clips: Path) -> None:
    (own_tone_clips / "low" / "broken.wav").write_bytes(b"RIFF")
    rows = ClipRows(catalogue(own_tone_clips))
    row_of = rows.catalogue.row_of
    assert rows.sentences(row_of["high/again.wav"]) == ["Same sound as high/1a2b3c70_nohash_0.wav."]
    assert rows.sentences(row_of["low/short.wav"]) == ["Too short: shorter than 0.3 s."]
    [reason] = rows.sentences(row_of["low/broken.wav"])
    assert reason.startswith("low/broken.wav: is not a WAV file")
    assert rows.text(row_of["low/broken.wav"], SECONDS) == "–"
    assert rows.text(row_of["low/broken.wav"], NAME) == "broken.wav"


def test_ticks_become_a_data_set_and_back() -> None:
    labels = ("go", "no", "stop", "_silence_", "_unknown_")
    every = Dataset(folder="x")
    assert used_labels(every, labels) == {"go", "no", "stop"}
    two = with_label(every, labels, "no", False)
    assert two is not None
    assert two.labels == ("go", "stop")
    silent = with_label(two, labels, "_silence_", True)
    assert silent is not None
    assert (silent.labels, silent.include_silence) == (("go", "stop"), True)
    assert used_labels(silent, labels) == {"go", "stop", "_silence_"}
    again = with_label(silent, labels, "no", True)
    assert again is not None
    assert (again.labels, again.include_silence) == ((), True)
    assert with_labels(every, labels, ("_silence_",)) is None
