"""Finding and reading clips: labels, extra labels, limits, faults, and what is computed once."""

import json
import multiprocessing
import os
import resource
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav, to_int16, write_wav
from core.cache import cache_root
from core.datasets.clips import ClipSet, find_clips, label_names
from core.datasets.preprocessing import load_preprocessing
from core.datasets.split import split_clips
from core.datasets.waveforms import load_waveforms
from core.errors import DataError, TrialCancelled
from core.events import Event, Progressed, ignore
from core.spec import Dataset, TrialSpec, parse_spec
from core.tasks.keyword_spotting import KeywordSpotting

TASK = KeywordSpotting()


def spec_for(folder: Path, **sections: dict[str, Any]) -> TrialSpec:
    dataset = {"folder": str(folder), **sections.pop("dataset", {})}
    return parse_spec({"dataset": dataset, **sections})


def find(folder: Path, **settings: Any) -> ClipSet:
    return find_clips(Dataset(folder=str(folder), **settings))


def counts(found: ClipSet) -> dict[str, int]:
    return dict(Counter(found.labels[clip.target] for clip in found.clips))


def add_noise(folder: Path, seconds: float = 30, name: str = "hum.wav") -> Path:
    (folder / "_background_noise_").mkdir(exist_ok=True)
    samples = np.random.default_rng(3).uniform(-0.3, 0.3, round(16000 * seconds)).astype(np.float32)
    write_wav(folder / "_background_noise_" / name, Sound(samples, 16000))
    return folder / "_background_noise_" / name


def test_labels_are_the_folders_in_alphabetical_order(own_tone_clips: Path) -> None:
    for name in (".hidden", "_background_noise_", "_silence_", "_unknown_"):
        (own_tone_clips / name).mkdir()
    (own_tone_clips / "notes.txt").write_text("not a folder")
    assert label_names(own_tone_clips) == ("high", "low", "rising")
    assert find(own_tone_clips).labels == ("high", "low", "rising")
    assert find(own_tone_clips, labels=("rising", "high")).labels == ("high", "rising")


def test_spaced_and_non_ascii_names_are_labels_like_any_other(own_tone_clips: Path) -> None:
    (own_tone_clips / "high").rename(own_tone_clips / "größer als zuvor")
    (own_tone_clips / "low").rename(own_tone_clips / "停止 ⏹")
    data = TASK.prepare(spec_for(own_tone_clips), ignore)
    assert data.labels == ("größer als zuvor", "rising", "停止 ⏹")
    assert data.train.inputs.shape[1:] == (49, 10, 1)


def test_a_special_folder_is_a_label_when_it_is_asked_for(own_tone_clips: Path) -> None:
    shutil.copytree(own_tone_clips / "low", own_tone_clips / "_unknown_")
    assert find(own_tone_clips, labels=("high", "_unknown_")).labels == ("_unknown_", "high")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: is not a folder; choose one"):
        find(tmp_path / "nowhere")


def test_a_folder_without_labels_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 0 labels, at least two are needed; .*No folder in it holds sound"):
        find(tmp_path)


def test_an_unknown_label_is_named_with_those_that_are_there(tone_clips: Path) -> None:
    with pytest.raises(DataError, match=r"has no label middle; .*high, low, rising"):
        find(tone_clips, labels=("high", "middle"))


def test_an_empty_label_folder_is_no_label_unless_it_is_asked_for(own_tone_clips: Path) -> None:
    (own_tone_clips / "empty label").mkdir()
    assert find(own_tone_clips).labels == ("high", "low", "rising")
    with pytest.raises(DataError, match=r"empty label: has no .*clips; add some"):
        find(own_tone_clips, labels=("empty label", "high"))


def test_a_label_with_one_clip_is_named_with_what_to_do(own_tone_clips: Path) -> None:
    for path in sorted((own_tone_clips / "low").iterdir())[1:]:
        path.unlink()
    with pytest.raises(DataError, match=r"low: the label has 1 usable clip; .*add clips or leave the label out"):
        TASK.prepare(spec_for(own_tone_clips), ignore)


def test_unreadable_clips_are_left_out_with_one_warning(own_tone_clips: Path) -> None:
    whole = len(TASK.prepare(spec_for(own_tone_clips), ignore).train.targets)
    victims = sorted((own_tone_clips / "low").iterdir())[:5]
    for path, content in zip(victims, (b"", b"no sound at all", None, None, None), strict=True):
        path.write_bytes(path.read_bytes()[:100] if content is None else content)
    data = TASK.prepare(spec_for(own_tone_clips), ignore)
    (warning,) = data.warnings
    assert warning.startswith("5 of 48 clips were left out.")
    assert warning.count("_nohash_") == 3
    assert len(data.train.targets) + len(data.validation.targets) + len(data.test.targets) == 43
    assert len(data.train.targets) < whole
    assert TASK.prepare(spec_for(own_tone_clips), ignore).warnings == data.warnings


def test_a_label_none_of_whose_clips_can_be_read_is_named(own_tone_clips: Path) -> None:
    for path in (own_tone_clips / "low").iterdir():
        path.write_bytes(b"RIFF")
    with pytest.raises(DataError, match="low: none of its clips can be read; the first: "):
        TASK.prepare(spec_for(own_tone_clips), ignore)


def test_short_clips_are_padded_and_a_ten_minute_one_is_cut(own_tone_clips: Path) -> None:
    first, second, *_ = sorted((own_tone_clips / "low").iterdir())
    write_wav(first, Sound(np.full(4000, 0.5, np.float32), 16000))
    write_wav(second, Sound(np.full(600 * 8000, 0.25, np.float32), 8000))
    found = find(own_tone_clips)
    waveforms = load_waveforms(found, 16000, Dataset(), ignore)
    rows = {clip.path: waveforms.samples[row] for row, clip in enumerate(found.clips)}
    assert (rows[first][:4000] == 16384).all()
    assert (rows[first][4000:] == 0).all()
    np.testing.assert_allclose(rows[second][500:-500], 8192, atol=64)
    assert waveforms.samples.shape == (48, 16000)


def test_the_limit_takes_clips_of_as_many_speakers_as_it_can(tone_clips: Path) -> None:
    found = find(tone_clips, max_clips_per_label=10)
    assert counts(found) == {"high": 10, "low": 10, "rising": 10}
    assert len({clip.speaker for clip in found.clips if clip.target == 0}) == 10
    assert find(tone_clips, max_clips_per_label=10) == found
    assert counts(find(tone_clips, max_clips_per_label=20)) == {"high": 20, "low": 20, "rising": 20}


def test_unknown_is_taken_evenly_from_the_other_words(tone_clips: Path) -> None:
    found = find(tone_clips, labels=("high",), include_unknown=True, extra_label_fraction=0.5)
    assert found.labels == ("_unknown_", "high")
    words = Counter(clip.path.parent.name for clip in found.clips if clip.target == 0)
    assert words == {"low": 8, "rising": 8}


def test_unknown_is_taken_from_its_folder_when_there_is_one(own_tone_clips: Path) -> None:
    (own_tone_clips / "_unknown_").mkdir()
    for path in (own_tone_clips / "rising").iterdir():
        path.rename(own_tone_clips / "_unknown_" / f"cat_{path.name}")
    found = find(own_tone_clips, labels=("high", "low"), include_unknown=True)
    unknown = [clip for clip in found.clips if clip.target == 0]
    assert {clip.path.parent.name for clip in unknown} == {"_unknown_"}
    assert all(len(clip.speaker) == 8 for clip in unknown)


def test_unknown_without_other_words_says_what_to_add(tone_clips: Path) -> None:
    with pytest.raises(DataError, match="nothing for the label _unknown_; add a folder"):
        find(tone_clips, include_unknown=True)


def test_silence_is_cut_from_noise_and_no_stretch_is_in_two_parts(own_tone_clips: Path) -> None:
    add_noise(own_tone_clips, 65)
    spec = spec_for(own_tone_clips, dataset={"include_silence": True, "extra_label_fraction": 3})
    found = find_clips(spec.dataset)
    assert counts(found)["_silence_"] == 48
    parts = split_clips(found, spec.split)
    heard: list[set[int]] = []
    for rows in (parts.train, parts.validation, parts.test):
        starts = [found.clips[row].start_ms for row in rows if found.labels[found.clips[row].target] == "_silence_"]
        assert starts
        heard.append({ms for start in starts for ms in range(start, start + 1000)})
    assert not heard[0] & heard[1] | heard[0] & heard[2] | heard[1] & heard[2]


def test_a_cut_of_noise_is_the_noise_at_its_place(own_tone_clips: Path) -> None:
    path = add_noise(own_tone_clips, 25)
    found = find(own_tone_clips, include_silence=True)
    waveforms = load_waveforms(found, 16000, Dataset(), ignore)
    noise = to_int16(read_wav(path).samples)
    cuts = [(row, clip) for row, clip in enumerate(found.clips) if found.labels[clip.target] == "_silence_"]
    assert len({clip.start_ms for _, clip in cuts}) == len(cuts)
    for row, clip in cuts:
        assert np.array_equal(waveforms.samples[row], noise[clip.start_ms * 16 :][:16000])


def test_silence_without_noise_says_what_to_add(tone_clips: Path) -> None:
    with pytest.raises(DataError, match="nothing for the label _silence_; add a folder"):
        find(tone_clips, include_silence=True)


def test_the_fingerprint_follows_the_files(own_tone_clips: Path) -> None:
    before = find(own_tone_clips).fingerprint
    assert find(own_tone_clips).fingerprint == before
    path = next((own_tone_clips / "low").iterdir())
    os.utime(path, ns=(1, 1))
    touched = find(own_tone_clips).fingerprint
    assert touched != before
    path.rename(path.with_name("0badcafe_nohash_9.wav"))
    assert find(own_tone_clips).fingerprint not in (before, touched)


def test_a_marked_folder_stays_synthetic(own_tone_clips: Path) -> None:
    assert not TASK.prepare(spec_for(own_tone_clips), ignore).synthetic
    (own_tone_clips / "synthetic.json").write_text("{}")
    assert TASK.prepare(spec_for(own_tone_clips), ignore).synthetic


def test_standardized_inputs_have_no_mean_and_unit_deviation_over_training(tone_clips: Path, tmp_path: Path) -> None:
    spec = spec_for(tone_clips, features={"normalization": "standardize"})
    data = TASK.prepare(spec, ignore)
    np.testing.assert_allclose(data.train.inputs.mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(data.train.inputs.std(axis=(0, 1)), 1, atol=1e-3)
    plain = TASK.prepare(spec_for(tone_clips), ignore)
    TASK.save_preprocessing(spec, data, tmp_path)
    saved = load_preprocessing(tmp_path)
    assert saved.labels == data.labels
    assert saved.features == spec.features
    np.testing.assert_allclose(saved.scale(plain.test.inputs[..., 0]), data.test.inputs, atol=1e-4)
    assert len(json.loads((tmp_path / "preprocessing.json").read_text())["mean"]) == 10


def test_preprocessing_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "preprocessing.json").write_text('{"features": 3')
    with pytest.raises(DataError, match=r"preprocessing\.json: cannot be read"):
        load_preprocessing(tmp_path)


def test_the_shape_and_outputs_are_told_without_reading_a_clip(tone_clips: Path, tmp_path: Path) -> None:
    spec = spec_for(tone_clips, dataset={"include_silence": True})
    assert TASK.num_outputs(spec) == 4
    assert TASK.input_shape(spec) == TASK.prepare(spec_for(tone_clips), ignore).input_shape
    assert TASK.num_outputs(spec_for(tmp_path / "missing")) == 2
    assert TASK.num_outputs(spec_for(tmp_path / "missing", dataset={"labels": ("a", "b", "c")})) == 3


def test_clips_are_read_once_and_pictures_computed_once_per_setting(tone_clips: Path) -> None:
    def said(**sections: Any) -> set[str]:
        events: list[Event] = []
        TASK.prepare(spec_for(tone_clips, **sections), events.append)
        return {event.what for event in events if isinstance(event, Progressed)}

    assert said() == {"Reading clips", "Computing features"}
    assert said() == set()
    assert said(model={"width_multiplier": 0.5}, split={"seed": 0}) == set()
    assert said(features={"num_mfccs": 12}) == {"Computing features"}
    assert said(features={"sample_rate": 8000}) == {"Reading clips", "Computing features"}


def test_a_cancelled_preparation_leaves_nothing_half_done(tone_clips: Path) -> None:
    def cancel(event: Event) -> None:
        raise TrialCancelled

    spec = spec_for(tone_clips)
    with pytest.raises(TrialCancelled):
        TASK.prepare(spec, cancel)
    left = [path for path in cache_root().rglob("*") if path.suffix != ".lock" and path.parent != cache_root()]
    assert left == []
    assert len(TASK.prepare(spec, ignore).train.targets) > 0


def prepare_in_process(folder: str, answers: "multiprocessing.Queue[tuple[int, float]]") -> None:
    data = TASK.prepare(spec_for(Path(folder)), ignore)
    answers.put((len(data.train.targets), float(data.train.inputs.sum())))


def test_two_processes_that_fill_the_cache_at_once_get_the_same(tone_clips: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [context.Process(target=prepare_in_process, args=(str(tone_clips), answers)) for _ in range(2)]
    for process in processes:
        process.start()
    first, second = answers.get(timeout=120), answers.get(timeout=120)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    data = TASK.prepare(spec_for(tone_clips), ignore)
    assert first == second == (len(data.train.targets), float(data.train.inputs.sum()))
    assert len([path for path in (cache_root() / "features").iterdir() if path.is_dir()]) == 1


def test_real_clips_are_prepared_with_silence_and_unknown(real_clips: Path) -> None:
    spec = spec_for(
        real_clips,
        dataset={"labels": ("go", "stop"), "include_silence": True, "include_unknown": True, "max_clips_per_label": 60},
        features={"kind": "log_mel"},
    )
    data = TASK.prepare(spec, ignore)
    assert data.labels == ("_silence_", "_unknown_", "go", "stop")
    assert data.input_shape == (49, 40, 1)
    total = np.concatenate([data.train.targets, data.validation.targets, data.test.targets])
    assert np.bincount(total).tolist() == [60, 60, 60, 60]


def prepare_on_a_full_disk(folder: str, answers: "multiprocessing.Queue[str]") -> None:
    # Stands in for a disk with room for half a megabyte: writing more fails, as it does on a full one.
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
    try:
        TASK.prepare(spec_for(Path(folder)), ignore)
    except DataError as error:
        answers.put(str(error))


def test_a_full_disk_is_told_and_leaves_nothing_half_done(tone_clips: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=prepare_on_a_full_disk, args=(str(tone_clips), answers))
    process.start()
    message = answers.get(timeout=120)
    process.join()
    assert process.exitcode == 0
    assert "free space" in message
    assert str(cache_root()) in message
    assert list(cache_root().rglob("*.npy")) == []


def test_an_unreadable_label_folder_is_named(own_tone_clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = os.scandir

    def refuse(path: Path) -> Any:
        if Path(path).name == "low":
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    # Permissions do not bind the administrator, who runs tests in containers.
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"low: cannot be read \(Permission denied\); check"):
        TASK.prepare(spec_for(own_tone_clips), ignore)
