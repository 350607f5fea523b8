"""What the window shows of a folder: clips in rows, what is wrong with them, and the parts training would use."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import Sound, write_wav
from core.datasets import clip_facts
from core.datasets.catalogue import Catalogue, label_rows, make_catalogue, open_catalogue, split_check
from core.datasets.clip_facts import bit, read_facts
from core.datasets.edits import ClipEdit, change_edits
from core.errors import DataError, TrialCancelled
from core.events import Event, Progressed, ignore
from core.spec import Dataset, Split, parse_spec
from core.tasks.keyword_spotting import KeywordSpotting

EXCLUDED = ClipEdit(excluded=True)


def catalogue(folder: Path, split: Split | None = None, **dataset: object) -> Catalogue:
    made = make_catalogue(Dataset(folder=str(folder), **dataset), split or Split())  # type: ignore[arg-type]
    return open_catalogue(made, folder)


def faults(found: Catalogue, kind: str) -> list[str]:
    return [found.names[row] for row in np.flatnonzero(found.columns["faults"] & bit(kind))]


def spoil(folder: Path) -> None:
    """Put a clip of every fault among the low ones."""
    low = folder / "low"
    tone = (0.4 * np.sin(np.arange(16000) * 0.3)).astype(np.float32)
    for name, samples in (
        ("silent", tone * 0.001),
        ("clipped", tone * 4),
        ("short", tone[:2000]),
        ("offset", tone * 0.5 + 0.1),
        ("twin a", tone * 0.7),
    ):
        write_wav(low / f"{name}.wav", Sound(samples, 16000))
    shutil.copy(low / "twin a.wav", low / "twin b.wav")
    (low / "corrupt.wav").write_bytes(b"RIFF")
    shutil.copy(folder / "high" / "1a2b3c70_nohash_0.wav", folder / "rising" / "stray.wav")


def test_labels_are_counted_as_training_uses_them(own_tone_clips: Path) -> None:
    spoil(own_tone_clips)
    found = catalogue(own_tone_clips)
    rows = {row.label: row for row in label_rows(found)}
    assert list(rows) == ["high", "low", "rising", "_silence_", "_unknown_"]
    data = KeywordSpotting().prepare(parse_spec({"dataset": {"folder": str(own_tone_clips)}}), ignore)
    for place, examples in enumerate((data.train, data.validation, data.test)):
        used = np.bincount(examples.targets, minlength=3).tolist()
        assert [rows[label].parts[place] for label in data.labels] == used
    assert (rows["high"].num_clips, rows["low"].num_clips, rows["rising"].num_clips) == (16, 23, 17)
    assert (rows["high"].num_speakers, rows["low"].num_speakers) == (16, 16)
    assert rows["high"].seconds == 16
    assert rows["low"].seconds == pytest.approx(16 + 5.125)
    assert (rows["low"].num_faulty, rows["rising"].num_faulty, rows["_silence_"].num_clips) == (7, 1, 0)


def test_every_fault_is_at_its_clip(own_tone_clips: Path) -> None:
    spoil(own_tone_clips)
    found = catalogue(own_tone_clips)
    for kind in ("silent", "clipped", "short", "offset", "corrupt"):
        assert faults(found, kind) == [f"low/{kind}.wav"]
    assert faults(found, "duplicate") == ["low/twin a.wav", "low/twin b.wav"]
    assert faults(found, "contradiction") == ["high/1a2b3c70_nohash_0.wav", "rising/stray.wav"]
    one, other = (found.row_of[name] for name in ("low/twin a.wav", "low/twin b.wav"))
    assert (found.columns["twin"][one], found.columns["twin"][other]) == (other, one)
    assert "corrupt.wav" in found.reasons[found.row_of["low/corrupt.wav"]]
    assert found.columns["part"][found.row_of["low/corrupt.wav"]] == -1


def test_only_new_and_changed_clips_are_listened_to_again(
    own_tone_clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(own_tone_clips)
    before = read_facts(own_tone_clips)
    heard: list[str] = []
    listen = clip_facts._listen
    monkeypatch.setattr(clip_facts, "_listen", lambda path: heard.append(path.name) or listen(path))
    assert np.array_equal(read_facts(own_tone_clips).columns, before.columns)
    assert heard == []
    (own_tone_clips / "low" / "twin b.wav").unlink()
    write_wav(own_tone_clips / "low" / "short.wav", Sound(np.full(9000, 0.3, np.float32), 16000))
    write_wav(own_tone_clips / "high" / "a new one.wav", Sound(np.full(3000, 0.2, np.float32), 16000))
    after = read_facts(own_tone_clips)
    assert sorted(heard) == ["a new one.wav", "short.wav"]
    monkeypatch.setattr(clip_facts, "_listen", listen)
    shutil.rmtree(clip_facts.cache_root())
    anew = read_facts(own_tone_clips)
    assert np.array_equal(after.columns, anew.columns)
    assert after.reasons == anew.reasons


def test_edits_count_at_once_and_are_dealt_anew(own_tone_clips: Path) -> None:
    found = catalogue(own_tone_clips)
    first, second, third = found.names[:3]
    changes = {first: EXCLUDED, second: ClipEdit(label="low"), third: ClipEdit(label="_unknown_")}
    at_once = found.with_edits(changes)
    rows = {row.label: row for row in label_rows(at_once)}
    assert [rows[label].num_clips for label in ("high", "low", "_unknown_")] == [13, 17, 1]
    assert (rows["high"].num_excluded, sum(rows["high"].parts)) == (1, 15)
    change_edits(own_tone_clips, changes)
    anew = catalogue(own_tone_clips)
    assert anew.edits == at_once.edits
    rows = {row.label: row for row in label_rows(anew)}
    assert [sum(rows[label].parts) for label in ("high", "low", "_unknown_")] == [13, 17, 0]
    assert anew.columns["part"][0] == -1
    assert anew.with_edits(dict.fromkeys(changes, ClipEdit())).edits == {}


def test_extra_labels_show_what_they_are_made_of(own_tone_clips: Path) -> None:
    (own_tone_clips / "_background_noise_").mkdir()
    hum = np.random.default_rng(3).uniform(-0.3, 0.3, 16000 * 65).astype(np.float32)
    write_wav(own_tone_clips / "_background_noise_" / "hum.wav", Sound(hum, 16000))
    found = catalogue(own_tone_clips, labels=("high", "low"), include_silence=True, include_unknown=True)
    rows = {row.label: row for row in label_rows(found)}
    assert rows["_silence_"].num_clips == sum(rows["_silence_"].parts) == 16
    assert sum(rows["_unknown_"].parts) == 16
    assert rows["rising"].parts == (0, 0, 0)
    used = {found.dealing.labels[place] for place in found.columns["used_as"][found.columns["label"] == 2]}
    assert used == {"_unknown_"}


def test_the_split_is_checked_for_speakers_in_two_parts(tone_clips: Path) -> None:
    by_speaker = catalogue(tone_clips).dealing
    assert split_check(by_speaker, "speaker") == "Split by speaker: 16 speakers, none of them in two parts."
    by_clip = catalogue(tone_clips, Split(rule="random")).dealing
    assert by_clip.num_shared > 3
    assert split_check(by_clip, "random").startswith(f"{by_clip.num_shared} of 16 speakers are in more than one part")
    assert "random by clip" in by_clip.warnings[0]


def test_clips_without_speakers_are_said_to_be_so(own_tone_clips: Path) -> None:
    for path in own_tone_clips.rglob("*.wav"):
        path.rename(path.with_name(path.name.replace("_nohash_", " take ")))
    dealing = catalogue(own_tone_clips).dealing
    assert split_check(dealing, "speaker") == (
        "Split by speaker: no clip names its speaker, so a voice may be in two parts."
    )


def test_what_training_would_refuse_is_said_and_the_clips_are_listed_all_the_same(own_tone_clips: Path) -> None:
    shutil.rmtree(own_tone_clips / "low")
    shutil.rmtree(own_tone_clips / "rising")
    found = catalogue(own_tone_clips)
    assert "at least two are needed" in found.dealing.trouble
    assert len(found.names) == 16
    assert label_rows(found)[0].num_clips == 16
    assert set(found.columns["part"].tolist()) == {-1}


def test_folders_that_hold_no_clips_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no label folders; put the clips"):
        catalogue(tmp_path)
    with pytest.raises(DataError, match="is not a folder; choose one"):
        catalogue(tmp_path / "nowhere")


def test_empty_label_folders_are_rows_without_clips(tmp_path: Path) -> None:
    for label in ("go", "stop"):
        (tmp_path / label).mkdir()
    found = catalogue(tmp_path)
    assert [(row.label, row.num_clips) for row in label_rows(found)][:2] == [("go", 0), ("stop", 0)]
    assert "go: has no clips" in found.dealing.trouble


def test_long_and_non_ascii_names_are_kept(own_tone_clips: Path) -> None:
    (own_tone_clips / "low").rename(own_tone_clips / "停止 größer")
    long = "ö" * 110 + ".wav"
    next((own_tone_clips / "high").iterdir()).rename(own_tone_clips / "high" / long)
    undecodable = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    next((own_tone_clips / "rising").iterdir()).rename(own_tone_clips / "rising" / undecodable)
    found = catalogue(own_tone_clips)
    assert found.dealing.trouble == ""
    assert {f"high/{long}", f"rising/{undecodable}"} <= set(found.names)
    assert {row.label: row.num_clips for row in label_rows(found)}["停止 größer"] == 16


def test_progress_is_told_and_listening_can_be_cancelled(tone_clips: Path) -> None:
    def cancel(event: Event) -> None:
        raise TrialCancelled

    with pytest.raises(TrialCancelled):
        make_catalogue(Dataset(folder=str(tone_clips)), Split(), cancel)
    said: list[Event] = []
    make_catalogue(Dataset(folder=str(tone_clips)), Split(), said.append)
    assert [(event.done, event.total) for event in said if isinstance(event, Progressed)][-1] == (96, 96)


def test_a_folder_of_made_clips_is_known_by_their_names(own_tone_clips: Path) -> None:
    assert not catalogue(own_tone_clips).dealing.synthetic
    path = next((own_tone_clips / "low").iterdir())
    path.rename(path.with_name(f"synthetic_{path.name}"))
    assert catalogue(own_tone_clips).dealing.synthetic
