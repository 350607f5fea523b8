"""Exclusions, new labels and trims: kept beside the clips, never in them, and seen by everything that uses clips."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav, to_int16, write_wav
from core.datasets import edits
from core.datasets.clips import ClipSet, find_clips
from core.datasets.edits import ClipEdit, change_edits, edits_place, load_edits
from core.datasets.waveforms import load_waveforms
from core.errors import DataError
from core.events import ignore
from core.spec import Dataset, TrialSpec, parse_spec
from core.tasks.keyword_spotting import KeywordSpotting

TASK = KeywordSpotting()
EXCLUDED = ClipEdit(excluded=True)


def find(folder: Path, **settings: Any) -> ClipSet:
    return find_clips(Dataset(folder=str(folder), **settings))


def counts(found: ClipSet) -> dict[str, int]:
    return dict(Counter(found.labels[clip.target] for clip in found.clips))


def names(folder: Path, label: str) -> list[str]:
    return sorted(f"{label}/{path.name}" for path in (folder / label).iterdir())


def label_of(found: ClipSet, name: str) -> str:
    [clip] = [clip for clip in found.clips if clip.path == found.folder / name]
    return found.labels[clip.target]


def audio(folder: Path) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*.wav")}


def spec_for(folder: Path, **dataset: Any) -> TrialSpec:
    return parse_spec({"dataset": {"folder": str(folder), **dataset}})


def test_changes_are_kept_beside_the_clips_and_taken_back(own_tone_clips: Path) -> None:
    before = audio(own_tone_clips)
    first, second = names(own_tone_clips, "low")[:2]
    taken = change_edits(own_tone_clips, {first: EXCLUDED, second: ClipEdit(label="high", start_ms=120)})
    assert taken == {first: ClipEdit(), second: ClipEdit()}
    assert load_edits(own_tone_clips) == {first: EXCLUDED, second: ClipEdit(label="high", start_ms=120)}
    kept = json.loads((own_tone_clips / ".tinyml-edits.json").read_text())
    assert kept["clips"] == {first: {"excluded": True}, second: {"label": "high", "start_ms": 120}}
    assert change_edits(own_tone_clips, taken) == {first: EXCLUDED, second: ClipEdit(label="high", start_ms=120)}
    assert load_edits(own_tone_clips) == {}
    assert audio(own_tone_clips) == before


def test_an_excluded_clip_is_used_nowhere(own_tone_clips: Path) -> None:
    whole = TASK.prepare(spec_for(own_tone_clips), ignore)
    for label in ("high", "low", "rising"):
        change_edits(own_tone_clips, dict.fromkeys(names(own_tone_clips, label)[:4], EXCLUDED))
    found = find(own_tone_clips)
    assert counts(found) == {"high": 12, "low": 12, "rising": 12}
    left = TASK.prepare(spec_for(own_tone_clips), ignore)
    sizes = [sum(len(part.targets) for part in (data.train, data.validation, data.test)) for data in (whole, left)]
    assert sizes == [48, 36]
    assert left.fingerprint != whole.fingerprint


def test_a_relabelled_clip_trains_under_its_new_label(own_tone_clips: Path) -> None:
    name = names(own_tone_clips, "low")[0]
    before = find(own_tone_clips)
    change_edits(own_tone_clips, {name: ClipEdit(label="rising")})
    found = find(own_tone_clips)
    assert counts(found) == {"high": 16, "low": 15, "rising": 17}
    assert label_of(found, name) == "rising"
    assert [clip.speaker for clip in found.clips if clip.path.name == Path(name).name].count(name[4:12]) == 3
    data = TASK.prepare(spec_for(own_tone_clips), ignore)
    targets = np.concatenate([data.train.targets, data.validation.targets, data.test.targets])
    assert np.bincount(targets).tolist() == [16, 15, 17]
    assert found.fingerprint != before.fingerprint


def test_a_label_may_have_no_folder(own_tone_clips: Path) -> None:
    moved = names(own_tone_clips, "low")[:4]
    change_edits(own_tone_clips, dict.fromkeys(moved, ClipEdit(label="falling")))
    found = find(own_tone_clips)
    assert counts(found) == {"falling": 4, "high": 16, "low": 12, "rising": 16}
    named = find_clips(Dataset(folder=str(own_tone_clips), labels=("falling", "high")))
    assert counts(named) == {"falling": 4, "high": 16}
    others = find_clips(Dataset(folder=str(own_tone_clips), labels=("high",), include_unknown=True))
    assert {clip.path for clip in others.clips} & {own_tone_clips / name for name in moved}


def test_a_label_that_leaves_the_order_alone_still_changes_the_fingerprint(own_tone_clips: Path) -> None:
    # The last clip of a label becomes the first of the next one: the same files in the same order.
    name = names(own_tone_clips, "high")[-1]
    before = find(own_tone_clips)
    change_edits(own_tone_clips, {name: ClipEdit(label="low")})
    found = find(own_tone_clips)
    assert [clip.path for clip in found.clips] == [clip.path for clip in before.clips]
    assert found.fingerprint != before.fingerprint


def test_a_trim_decides_which_second_is_used(own_tone_clips: Path) -> None:
    name = names(own_tone_clips, "low")[0]
    ramp = np.linspace(-0.5, 0.5, 32000, dtype=np.float32)
    write_wav(own_tone_clips / name, Sound(ramp, 16000))
    change_edits(own_tone_clips, {name: ClipEdit(start_ms=700)})
    found = find(own_tone_clips)
    waveforms = load_waveforms(found, 16000, Dataset(), ignore).samples
    [row] = [row for row, clip in enumerate(found.clips) if clip.path == own_tone_clips / name]
    assert np.array_equal(waveforms[row], to_int16(read_wav(own_tone_clips / name).samples)[11200:27200])
    change_edits(own_tone_clips, {name: ClipEdit(start_ms=1500)})
    cut = load_waveforms(find(own_tone_clips), 16000, Dataset(), ignore).samples[row]
    assert np.array_equal(cut[:8000], to_int16(read_wav(own_tone_clips / name).samples)[24000:])
    assert not cut[8000:].any()


def test_clips_put_under_the_extra_labels_are_found_there(own_tone_clips: Path) -> None:
    to_unknown, to_silence = names(own_tone_clips, "low")[:2]
    change_edits(own_tone_clips, {to_unknown: ClipEdit(label="_unknown_"), to_silence: ClipEdit(label="_silence_")})
    found = find(own_tone_clips, include_unknown=True, include_silence=True)
    assert counts(found) == {"_silence_": 1, "_unknown_": 1, "high": 16, "low": 14, "rising": 16}
    assert (label_of(found, to_unknown), label_of(found, to_silence)) == ("_unknown_", "_silence_")
    assert counts(find(own_tone_clips)) == {"high": 16, "low": 14, "rising": 16}


def test_words_not_chosen_stand_for_unknown_under_their_new_label(own_tone_clips: Path) -> None:
    change_edits(own_tone_clips, dict.fromkeys(names(own_tone_clips, "rising"), ClipEdit(label="low")))
    with pytest.raises(DataError, match="rising: all of its clips are excluded or count under another label"):
        find(own_tone_clips)
    found = find(own_tone_clips, labels=("high",), include_unknown=True, extra_label_fraction=2)
    assert counts(found) == {"_unknown_": 32, "high": 16}


def test_a_folder_that_nobody_may_write_keeps_its_list_with_the_user(own_tone_clips: Path) -> None:
    name = names(own_tone_clips, "low")[0]
    own_tone_clips.chmod(0o555)
    change_edits(own_tone_clips, {name: EXCLUDED})
    assert not (own_tone_clips / ".tinyml-edits.json").exists()
    assert edits_place(own_tone_clips).is_file()
    assert edits.data_folder() in edits_place(own_tone_clips).parents
    assert load_edits(own_tone_clips) == {name: EXCLUDED}
    assert counts(find(own_tone_clips))["low"] == 15
    users_own = edits_place(own_tone_clips)
    own_tone_clips.chmod(0o755)
    change_edits(own_tone_clips, {names(own_tone_clips, "low")[1]: EXCLUDED})
    assert len(load_edits(own_tone_clips)) == 2
    assert edits_place(own_tone_clips) == own_tone_clips / ".tinyml-edits.json"
    assert not users_own.exists()


def test_a_list_that_cannot_be_read_is_named(own_tone_clips: Path) -> None:
    path = own_tone_clips / ".tinyml-edits.json"
    damaged = ("{", "[]", '{"clips": {"low/a.wav": 3}}', '{"clips": {"low/a.wav": {"start_ms": -1}}}', "[" * 100_000)
    for content in damaged:
        path.write_text(content)
        with pytest.raises(DataError, match=r"\.tinyml-edits\.json: cannot be read .*; fix or remove it"):
            find(own_tone_clips)


def test_a_list_that_cannot_be_written_is_named_and_leaves_nothing(own_tone_clips: Path, tmp_path: Path) -> None:
    (own_tone_clips / ".tinyml-edits.json").mkdir()
    listing = sorted(own_tone_clips.iterdir())
    with pytest.raises(DataError, match=r"\.tinyml-edits\.json: cannot be"):
        change_edits(own_tone_clips, {"low/a.wav": EXCLUDED})
    assert sorted(own_tone_clips.iterdir()) == listing


def test_names_of_any_script_and_bytes_are_kept(own_tone_clips: Path) -> None:
    (own_tone_clips / "low").rename(own_tone_clips / "停止 größer")
    undecodable = b"caf\xe9 1.wav".decode("utf-8", "surrogateescape")
    first = names(own_tone_clips, "停止 größer")[0]
    (own_tone_clips / first).rename(own_tone_clips / "停止 größer" / undecodable)
    change_edits(own_tone_clips, {f"停止 größer/{undecodable}": EXCLUDED})
    assert load_edits(own_tone_clips) == {f"停止 größer/{undecodable}": EXCLUDED}
    assert counts(find(own_tone_clips))["停止 größer"] == 15
    change_edits(own_tone_clips, {f"停止 größer/{undecodable}": ClipEdit()})
    assert counts(find(own_tone_clips))["停止 größer"] == 16
