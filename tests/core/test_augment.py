"""Varied clips: each setting does what it says, and copies are computed once, ahead, and the same every time."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from core.cache import cache_root
from core.datasets import augmented
from core.datasets.augment import mask_pictures, resample, varies_waveforms, vary_waveforms
from core.datasets.prepared import PreparedData
from core.errors import TrialCancelled
from core.events import Event, ignore
from core.spec import Augmentation, parse_spec
from core.tasks.keyword_spotting import KeywordSpotting
from tests.ssh_server import is_alive
from tests.waiting import until

RATE = 16000
STILL: dict[str, Any] = {"enabled": True, "time_shift_ms": 0.0}


def vary(waveforms: np.ndarray, seed: int = 0, noise: np.ndarray | None = None, **settings: Any) -> np.ndarray:
    hum = np.zeros(5 * RATE, np.int16) if noise is None else noise
    return vary_waveforms(waveforms, Augmentation(**STILL | settings), RATE, hum, np.random.default_rng(seed))


def clicks(count: int = 50) -> np.ndarray:
    waveforms = np.zeros((count, RATE), np.float32)
    waveforms[:, RATE // 2] = 0.5
    return waveforms


def tones(hertz: float = 500, count: int = 20) -> np.ndarray:
    wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    return np.tile(wave.astype(np.float32), (count, 1))


def test_without_any_setting_clips_stay_as_they_are() -> None:
    assert np.array_equal(vary(tones()), tones())
    assert not varies_waveforms(Augmentation(**STILL))


def test_a_shift_moves_clips_to_both_sides_within_its_reach() -> None:
    places = vary(clicks(200), time_shift_ms=50.0).argmax(axis=1) - RATE // 2
    assert np.abs(places).max() <= 800
    assert places.min() < -600
    assert places.max() > 600


@pytest.mark.parametrize("factor", [0.8, 0.87, 1.0, 1.15, 1.3])
def test_resampling_changes_pitch_and_duration_and_not_loudness(factor: float) -> None:
    sound = resample(tones()[0], factor)
    assert len(sound) == pytest.approx(RATE / factor, rel=0.01)
    spectrum = np.abs(np.fft.rfft(sound[: RATE // 2]))
    assert spectrum.argmax() * 2 == pytest.approx(500 * len(tones()[0]) / len(sound), abs=2)
    assert np.abs(sound).max() == pytest.approx(0.3, abs=0.02)


def test_resampling_is_drawn_from_the_whole_range() -> None:
    varied = vary(tones(count=100), min_resampling=0.8, max_resampling=1.25)
    peaks = np.abs(np.fft.rfft(varied)).argmax(axis=1)
    assert 390 < peaks.min() < 420
    assert 595 < peaks.max() < 640


def test_gain_stays_within_its_decibels() -> None:
    ratios = 20 * np.log10(np.abs(vary(tones(count=200), gain_db=6.0)).max(axis=1) / 0.3)
    assert ratios.min() == pytest.approx(-6, abs=0.5)
    assert ratios.max() == pytest.approx(6, abs=0.5)


def test_noise_is_mixed_into_the_stated_part_at_most_at_the_stated_volume() -> None:
    noise = np.random.default_rng(1).choice(np.array([-32767, 32767], np.int16), 5 * RATE)
    varied = vary(np.zeros((400, RATE), np.float32), noise=noise, background_volume=0.2, background_probability=0.5)
    peaks = np.abs(varied).max(axis=1)
    assert (peaks > 0).mean() == pytest.approx(0.5, abs=0.1)
    assert 0.18 < peaks.max() <= 0.2001


def test_noise_shorter_than_a_clip_is_borne() -> None:
    varied = vary(
        np.zeros((3, RATE), np.float32),
        noise=np.full(100, 9999, np.int16),
        background_volume=0.5,
        background_probability=1.0,
    )
    assert (varied[:, :100] > 0).all()
    assert (varied[:, 100:] == 0).all()


def test_what_is_too_loud_is_clipped() -> None:
    assert np.abs(vary(tones() * 3, gain_db=20.0)).max() <= 1


def test_masks_blank_stretches_with_the_mean_and_leave_the_rest() -> None:
    pictures = np.random.default_rng(2).standard_normal((300, 49, 10)).astype(np.float32)
    fill = np.full(10, 99, np.float32)
    settings = Augmentation(enabled=True, time_masks=2, time_mask_frames=8, frequency_masks=1, frequency_mask_bins=3)
    masked = mask_pictures(pictures, settings, fill, np.random.default_rng(0))
    blank = masked == 99
    assert np.array_equal(masked[~blank], pictures[~blank])
    frames, bins = blank.all(axis=2).sum(axis=1), blank.all(axis=1).sum(axis=1)
    assert 0 <= frames.min() < frames.max() <= 16
    assert 0 <= bins.min() < bins.max() <= 3
    assert frames.mean() > 4
    unmasked = mask_pictures(pictures, Augmentation(enabled=True), fill, np.random.default_rng(0))
    assert np.array_equal(unmasked, pictures)


def test_masks_longer_than_the_picture_are_borne() -> None:
    settings = Augmentation(
        enabled=True, time_masks=1, time_mask_frames=100, frequency_masks=1, frequency_mask_bins=100
    )
    pictures = np.ones((50, 20, 5), np.float32)
    assert mask_pictures(pictures, settings, np.zeros(5, np.float32), np.random.default_rng(0)).shape == pictures.shape


def prepare(
    folder: Path, emit: Any = ignore, seed: int = 0, features: dict[str, Any] | None = None, **settings: Any
) -> PreparedData:
    augmentation = {"enabled": True, "copies": 3, "gain_db": 6, **settings}
    spec = parse_spec(
        {
            "dataset": {"folder": str(folder)},
            "features": features or {},
            "augmentation": augmentation,
            "training": {"seed": seed},
        }
    )
    return KeywordSpotting().prepare(spec, emit)


def copies_there() -> int:
    folder = cache_root() / "augmented"
    return sum(path.is_dir() and not path.name.startswith(".") for path in folder.iterdir()) if folder.is_dir() else 0


def children() -> list[psutil.Process]:
    """Return the processes that compute copies ahead for this one."""
    found = []
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if is_alive(process) and "core.datasets.augmented" in process.cmdline():
                found.append(process)
    return found


def test_without_augmentation_every_epoch_sees_the_clips_as_they_are(tone_clips: Path) -> None:
    data = prepare(tone_clips, enabled=False)
    assert data.epoch_inputs(3) is data.train.inputs
    assert children() == []


def test_epochs_take_different_copies_in_turn(tone_clips: Path) -> None:
    data = prepare(tone_clips)
    epochs = [data.epoch_inputs(epoch) for epoch in range(4)]
    assert {inputs.shape for inputs in epochs} == {data.train.inputs.shape}
    assert {inputs.dtype for inputs in epochs} == {np.dtype(np.float32)}
    assert np.array_equal(epochs[0], epochs[3])
    for other in (epochs[1], epochs[2], data.train.inputs):
        assert not np.array_equal(epochs[0], other)
    assert "pink noise" not in str(data.warnings)


def test_the_same_seed_gives_the_same_epochs_and_another_seed_others(
    tone_clips: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def epochs(seed: int, cache: str) -> np.ndarray:
        monkeypatch.setenv("TINYML_WORKBENCH_CACHE", str(tmp_path / cache))
        data = prepare(tone_clips, seed=seed, min_resampling=0.9, max_resampling=1.1, time_masks=1)
        return np.stack([data.epoch_inputs(epoch) for epoch in range(4)])

    first = epochs(0, "a")
    assert np.array_equal(first, epochs(0, "b"))
    assert not np.array_equal(first, epochs(1, "b"))


def test_standardized_features_are_standardized_in_every_copy(tone_clips: Path) -> None:
    data = prepare(tone_clips, features={"normalization": "standardize"}, gain_db=0.0, time_shift_ms=10.0)
    assert data.epoch_inputs(0).std() == pytest.approx(1, abs=0.1)


def test_masks_alone_need_no_copies_and_differ_from_epoch_to_epoch(tone_clips: Path) -> None:
    data = prepare(tone_clips, gain_db=0.0, time_shift_ms=0.0, time_masks=2)
    assert children() == []
    assert not np.array_equal(data.epoch_inputs(0), data.epoch_inputs(1))
    assert np.array_equal(data.epoch_inputs(1), data.epoch_inputs(1))
    assert copies_there() == 0


def test_missing_noise_recordings_are_replaced_by_pink_noise_with_a_warning(tone_clips: Path) -> None:
    data = prepare(tone_clips, background_volume=0.1)
    assert "synthesized pink noise" in str(data.warnings)


def test_copies_are_computed_ahead_without_being_asked_for(tone_clips: Path) -> None:
    data = prepare(tone_clips)
    until(lambda: copies_there() == 3)
    said: list[Event] = []
    again = prepare(tone_clips, said.append, time_masks=1)
    again.epoch_inputs(2)
    assert said == []
    assert np.array_equal(prepare(tone_clips).epoch_inputs(2), data.epoch_inputs(2))


def test_computing_ahead_ends_when_the_data_are_dropped(tone_clips: Path) -> None:
    data = prepare(tone_clips, copies=200)
    (process,) = children()
    assert process.is_running()
    del data
    gc.collect()
    assert not process.is_running()
    assert not [path for path in (cache_root() / "augmented").iterdir() if path.name.startswith(".") and path.is_dir()]


def test_a_killed_helper_costs_nothing(tone_clips: Path) -> None:
    data = prepare(tone_clips, copies=4)
    (process,) = children()
    process.kill()
    assert [data.epoch_inputs(epoch).shape for epoch in range(4)] == [data.train.inputs.shape] * 4


def test_waiting_for_a_copy_can_be_cancelled(tone_clips: Path) -> None:
    cancelled = False

    def emit(event: Event) -> None:
        if cancelled:
            raise TrialCancelled

    data = prepare(tone_clips, emit, copies=200)
    cancelled = True
    with pytest.raises(TrialCancelled):
        data.epoch_inputs(199)


def test_computing_ahead_ends_with_a_killed_parent(tone_clips: Path) -> None:
    code = textwrap.dedent(f"""
        import time, psutil
        from pathlib import Path
        from core.spec import parse_spec
        from core.tasks.keyword_spotting import KeywordSpotting
        from core.events import ignore
        augmentation = {{"enabled": True, "copies": 200}}
        spec = parse_spec({{"dataset": {{"folder": {str(tone_clips)!r}}}, "augmentation": augmentation}})
        data = KeywordSpotting().prepare(spec, ignore)
        print(psutil.Process().children()[0].pid, flush=True)
        time.sleep(600)
    """)
    environment = os.environ | {"PYTHONPATH": str(Path(augmented.__file__).parents[2])}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        helper = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    until(lambda: not is_alive(helper))
