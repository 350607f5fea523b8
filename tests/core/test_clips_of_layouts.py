"""What is made of the clips of a folder, in whatever layout they were found."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from core.datasets import layout as layouts
from core.datasets.clips import find_clips, label_names
from core.datasets.edits import ClipEdit, change_edits
from core.datasets.layout import list_clips
from core.datasets.split import split_clips
from core.errors import DataError
from core.spec import Dataset, Split
from tests.clip_folders import edge_impulse, labelled, write


def test_edits_name_clips_in_every_layout(tmp_path: Path) -> None:
    edge_impulse(tmp_path)
    gone, moved = "training/go.0000ab.wav", "testing/go.0006ab.wav"
    change_edits(tmp_path, {gone: ClipEdit(excluded=True), moved: ClipEdit(label="stop")})
    found = find_clips(Dataset(folder=str(tmp_path)))
    names = [clip.path.relative_to(tmp_path).as_posix() for clip in found.clips if found.labels[clip.target] == "stop"]
    assert len(found.clips) == 17
    assert moved in names
    assert gone not in {clip.path.relative_to(tmp_path).as_posix() for clip in found.clips}


def test_takes_go_where_they_become_clips(tmp_path: Path) -> None:
    def place(folder: Path) -> Path | None:
        return layouts.place_for_takes(Dataset(folder=str(folder)))

    plain = write(tmp_path / "plain", "go/1.wav", "stop/1.wav")
    deep = write(tmp_path / "deep", "train/audio/go/1.wav", "train/audio/stop/1.wav")
    parts = write(
        tmp_path / "parts", *(f"{part}/{word}/1.wav" for part in ("train", "test") for word in ("go", "stop"))
    )
    export = edge_impulse(tmp_path / "export")
    (tmp_path / "new").mkdir()
    assert place(plain) == plain
    assert place(deep) == deep / "train" / "audio"
    assert place(parts) == parts / "train"
    # A take there would be named by no list.
    assert place(export) is None
    assert place(tmp_path / "new") == tmp_path / "new"
    assert layouts.place_for_takes(Dataset()) is None


def test_the_fingerprint_follows_labels_that_no_folder_tells(tmp_path: Path) -> None:
    write(tmp_path, *(f"{n}.wav" for n in range(8)))

    def fingerprint(labels: str) -> str:
        (tmp_path / "list.csv").write_text(
            "file,label\n" + "".join(f"{n}.wav,{word}\n" for n, word in enumerate(labels))
        )
        layouts._known.clear()
        return find_clips(Dataset(folder=str(tmp_path))).fingerprint

    # The same files in the same order.
    assert fingerprint("aaaabbbb") != fingerprint("aaabbbbb")


def test_twenty_words_of_numbered_files_give_unknown_clips_of_many_names(tmp_path: Path) -> None:
    write(tmp_path, *(f"word {w:02}/{n}.wav" for w in range(20) for n in range(12)))
    found = find_clips(Dataset(folder=str(tmp_path), labels=("word 00", "word 01"), include_unknown=True))
    unknown = [clip for clip in found.clips if found.labels[clip.target] == "_unknown_"]
    assert len(unknown) == 12
    assert len({clip.path.parent for clip in unknown}) == 12
    assert len({clip.path.name for clip in unknown}) > 4
    split_clips(found, Split())


def test_words_not_chosen_serve_beside_an_unknown_folder(tmp_path: Path) -> None:
    write(tmp_path, *(f"{word}/{n}.wav" for word in ("go", "stop", "left", "right", "_unknown_") for n in range(12)))
    found = find_clips(Dataset(folder=str(tmp_path), labels=("go", "stop"), include_unknown=True))
    words = Counter(clip.path.parent.name for clip in found.clips if found.labels[clip.target] == "_unknown_")
    assert words == {"_unknown_": 6, "left": 3, "right": 3}


def test_a_limit_takes_clips_of_every_part(tmp_path: Path) -> None:
    numbers = {"train": range(20), "validation": range(2), "test": range(4)}
    write(tmp_path, *(f"{part}/{word}/{n}.wav" for part in numbers for word in ("go", "stop") for n in numbers[part]))
    found = find_clips(Dataset(folder=str(tmp_path), max_clips_per_label=13))
    of_go = Counter(clip.part for clip in found.clips if clip.target == 0)
    assert of_go == {"train": 10, "validation": 1, "test": 2}


def test_what_was_listed_is_remembered_until_a_folder_changes(tmp_path: Path) -> None:
    write(tmp_path, "go/1.wav", "stop/1.wav")
    for place in (tmp_path, tmp_path / "go", tmp_path / "stop"):
        os.utime(place, (1, 1))
    first = list_clips(tmp_path)
    assert list_clips(tmp_path) is first
    write(tmp_path, "go/2.wav")
    assert labelled(list_clips(tmp_path)) == {"go": 2, "stop": 1}


def test_whatever_lies_beside_label_folders_is_not_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.datasets.folder_tree.MOST_FOLDERS", 24)
    write(tmp_path, "go/1.wav", "stop/1.wav")
    for number in range(60):
        (tmp_path / "installed" / f"{number}").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list_clips(tmp_path).labels == ("go", "stop")


def test_labels_of_lists_are_names(tmp_path: Path) -> None:
    write(tmp_path, "a.wav", "b.wav")
    files = [{"path": "a.wav", "label": {"label": "go\x1b[31m\n now\ud800"}}, {"path": "b.wav", "label": "stop"}, 3, {}]
    (tmp_path / "info.labels").write_text(json.dumps({"files": files}))
    assert list_clips(tmp_path).labels == ("go[31m now", "stop")


def test_too_many_folders_are_refused_before_they_are_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.datasets.folder_tree.MOST_FOLDERS", 20)
    for number in range(30):
        (tmp_path / f"{number}").mkdir()
    with pytest.raises(DataError, match="holds more than 20 folders; choose the one that holds the clips"):
        list_clips(tmp_path)
    assert label_names(tmp_path) == ()
