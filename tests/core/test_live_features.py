"""One transform a frame gives the same numbers as every picture computed for itself."""

from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import read_wav
from core.features.kinds import make_stream
from core.features.live import LiveFeatures, make_live
from core.features.mel import FeatureExtractor
from core.spec import Features

RATE = 16000
SETTINGS = {
    "usual": {},
    "short frames": {"frame_length_ms": 16.0, "frame_step_ms": 8.0, "num_mel_bins": 20, "upper_edge_hertz": 8000.0},
    "gaps": {"frame_length_ms": 10.0, "frame_step_ms": 25.0, "fft_length": 512},
}


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    rng = np.random.default_rng(3)
    time_s = np.arange(int(2.37 * RATE)) / RATE
    chirp = 0.4 * np.sin(2 * np.pi * (200 * time_s + 700 * time_s**2))
    return (chirp * np.hanning(len(time_s)) + 0.01 * rng.standard_normal(len(time_s))).astype(np.float32)


def _in_pieces(samples: np.ndarray) -> list[np.ndarray]:
    """Ragged pieces as a sound server gives them, some empty, some of several frames."""
    rng = np.random.default_rng(1)
    cuts = np.sort(rng.integers(0, len(samples), 60))
    return np.split(samples, cuts)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_columns_are_those_of_each_picture_computed_alone(sound: np.ndarray, settings: dict) -> None:
    features = Features(**settings)
    live = LiveFeatures(features, RATE)
    found = [live.push(piece) for piece in _in_pieces(sound)]
    for kind in ("spectrogram", "log_mel", "mfcc"):
        alone = FeatureExtractor(features.model_copy(update={"kind": kind}), len(sound)).compute(sound[np.newaxis])[0]
        columns = np.concatenate([columns[kind] for columns in found])
        np.testing.assert_allclose(columns, alone, rtol=1e-4, atol=2e-4)


def test_the_way_of_cutting_a_sound_changes_nothing(sound: np.ndarray) -> None:
    at_once = LiveFeatures(Features(), RATE).push(sound)["mfcc"]
    live = LiveFeatures(Features(), RATE)
    np.testing.assert_allclose(
        np.concatenate([live.push(piece)["mfcc"] for piece in _in_pieces(sound)]), at_once, atol=1e-4
    )


@pytest.mark.parametrize("kind", ["spectrogram", "log_mel", "mfcc"])
@pytest.mark.parametrize("peak", ["as it is", "peak normalized"])
@pytest.mark.parametrize("normalization", ["none", "clip_mean"])
def test_the_newest_clip_is_what_a_network_gets(sound: np.ndarray, kind: str, peak: str, normalization: str) -> None:
    features = Features(kind=kind, peak_normalization=peak != "as it is", normalization=normalization)
    live = LiveFeatures(features, RATE)
    heard = 0
    seen = 0
    for piece in _in_pieces(sound):
        live.push(piece)
        heard += len(piece)
        newest = live.clip()
        start = (features.num_frames(heard) - features.num_frames(RATE)) * features.frame_step
        if start < 0:
            assert newest is None
        elif start + RATE <= heard:
            expected = FeatureExtractor(features, RATE).compute(sound[np.newaxis, start : start + RATE])[0]
            np.testing.assert_allclose(newest, expected, rtol=1e-4, atol=1e-3)
            seen += 1
    assert seen > 20


def test_a_real_clip_as_a_whole(real_clips: Path) -> None:
    samples = read_wav(sorted((real_clips / "go").glob("*.wav"))[0]).samples[:RATE]
    features = Features(peak_normalization=True, frame_length_ms=30.0)
    live = LiveFeatures(features, len(samples))
    live.push(samples)
    expected = FeatureExtractor(features, len(samples)).compute(samples[np.newaxis])[0]
    np.testing.assert_allclose(live.clip(), expected, rtol=1e-4, atol=1e-3)


def test_pictures_beyond_the_chosen_one_are_not_computed(sound: np.ndarray) -> None:
    for kind, computed in (("spectrogram", ["spectrogram"]), ("log_mel", ["spectrogram", "log_mel"])):
        features = Features(kind=kind, upper_edge_hertz=4000, sample_rate=8000)
        assert list(LiveFeatures(features, RATE).push(sound)) == computed


def test_a_picture_of_another_kind_comes_alone_and_a_waveform_with_none(sound: np.ndarray) -> None:
    for kind, computed in (("micro_frontend", ["micro_frontend"]), ("waveform", [])):
        features = Features(kind=kind)
        live, stream = make_live(features, RATE), make_stream(features, RATE)
        for piece in _in_pieces(sound):
            columns, expected = live.push(piece), stream.push(piece)
            assert list(columns) == computed
            for values in columns.values():
                np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(live.clip(), stream.window())
