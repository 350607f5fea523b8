"""Features hop by hop, held to those of whole clips."""

import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import read_wav
from core.features.mel import FeatureExtractor
from core.features.streaming import StreamingExtractor
from core.spec import Features

TOLERANCE = 1e-5

FRAMES = [
    {"frame_length_ms": 40, "frame_step_ms": 20},
    {"frame_length_ms": 30, "frame_step_ms": 20},
    {"frame_length_ms": 25, "frame_step_ms": 10},
    {"frame_length_ms": 10, "frame_step_ms": 25},
    {"frame_length_ms": 16, "frame_step_ms": 16, "sample_rate": 8000},
]
HOPS = [320, 77, 1601, "ragged", "everything"]


def rising_noise(num_samples: int = 40_000) -> np.ndarray:
    """Make noise whose loudness changes from one half of a frame to the next, with stretches of pure silence."""
    rng = np.random.default_rng(3)
    loudness = np.repeat(10 ** rng.uniform(-4, -0.1, num_samples // 400 + 1), 400)[:num_samples]
    noise = (np.clip(rng.standard_normal(num_samples) / 3, -1, 1) * loudness).astype(np.float32)
    noise[9000:12000] = 0
    return noise


def cut(samples: np.ndarray, hop: int | str) -> Iterator[np.ndarray]:
    """Cut a sound as a microphone may give it."""
    rng = np.random.default_rng(11)
    start = 0
    while start < len(samples):
        length = {"ragged": int(rng.integers(0, 900)), "everything": len(samples)}.get(str(hop), hop)
        yield samples[start : start + int(length)]
        start += int(length)


@pytest.mark.parametrize(
    ("kind", "normalization", "hop"),
    [
        *itertools.product(["mfcc"], ["clip_mean"], HOPS),
        *itertools.product(["spectrogram", "log_mel", "mfcc"], ["none", "standardize", "clip_mean"], [320]),
    ],
)
def test_every_window_is_the_picture_of_the_clip_it_shows(kind: str, normalization: str, hop: int | str) -> None:
    samples = rising_noise()
    for frames, num_samples, by_peak in itertools.product(FRAMES, [16_000, 8_123], [False, True]):
        settings = Features(kind=kind, normalization=normalization, peak_normalization=by_peak, num_mfccs=13, **frames)
        batch = FeatureExtractor(settings, num_samples)
        stream = StreamingExtractor(settings, num_samples)
        pushed = 0
        for index, block in enumerate(cut(samples, hop)):
            stream.push(block)
            pushed += len(block)
            window = stream.window()
            if pushed < num_samples:
                assert window is None
            elif index % 23 == 0 or pushed == len(samples):
                start = (pushed - num_samples) // settings.frame_step * settings.frame_step
                expected = batch.compute(samples[np.newaxis, start : start + num_samples])[0]
                assert window is not None
                assert window.dtype == np.float32
                # The magnitudes of a spectrogram reach some 50, where float32 has no finer steps.
                relative = TOLERANCE if kind == "spectrogram" else 0
                np.testing.assert_allclose(window, expected, rtol=relative, atol=TOLERANCE)


@pytest.mark.parametrize("kind", ["spectrogram", "log_mel", "mfcc"])
@pytest.mark.parametrize("hop", HOPS)
@pytest.mark.parametrize("frames", FRAMES)
def test_columns_are_each_given_once_and_not_normalized(kind: str, hop: int | str, frames: dict[str, float]) -> None:
    samples = rising_noise(20_000)
    plain = Features(kind=kind, **frames)
    settings = Features(kind=kind, peak_normalization=True, normalization="clip_mean", **frames)
    stream = StreamingExtractor(settings, 16_000)
    columns = np.concatenate([stream.push(block) for block in cut(samples, hop)])
    expected = FeatureExtractor(plain, len(samples)).compute(samples[np.newaxis])[0]
    assert columns.shape == expected.shape
    np.testing.assert_allclose(columns, expected, rtol=TOLERANCE if kind == "spectrogram" else 0, atol=TOLERANCE)


def test_a_long_sound_takes_no_more_room() -> None:
    """Buffers are made once; an hour in hops leaves them as they were."""
    settings = Features(peak_normalization=True)
    stream = StreamingExtractor(settings, 16_000)
    stream.push(rising_noise())
    kept = {name: value.nbytes for name, value in vars(stream).items() if isinstance(value, np.ndarray)}
    hop = rising_noise(3_200)
    for _ in range(18_000):
        stream.push(hop)
    assert {name: value.nbytes for name, value in vars(stream).items() if isinstance(value, np.ndarray)} == kept
    tail = np.tile(hop, 6)[-16_000:]
    window = stream.window()
    assert window is not None
    np.testing.assert_allclose(
        window, FeatureExtractor(settings, 16_000).compute(tail[np.newaxis])[0], rtol=0, atol=TOLERANCE
    )


def test_real_clips_in_a_row_give_the_mfccs_of_each(real_clips: Path) -> None:
    settings = Features()
    paths = sorted((real_clips / "yes").glob("*.wav"))[:40]
    clips = [samples for samples in (read_wav(path).samples for path in paths) if len(samples) == 16_000]
    assert len(clips) > 20
    stream = StreamingExtractor(settings, 16_000)
    batch = FeatureExtractor(settings, 16_000)
    for clip in clips:
        for start in range(0, 16_000, 400):
            stream.push(clip[start : start + 400])
        window = stream.window()
        assert window is not None
        np.testing.assert_allclose(window, batch.compute(clip[np.newaxis])[0], rtol=0, atol=TOLERANCE)


def test_the_file_needs_nothing_but_numpy_and_mel(tmp_path: Path) -> None:
    from core.features import mel, streaming

    (tmp_path / "core" / "features").mkdir(parents=True)
    for module in (mel, streaming):
        shutil.copy(module.__file__, tmp_path / "core" / "features")
    code = (
        "import sys, core.features.streaming; "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('core', 'pydantic', 'soxr')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "['core', 'core.features', 'core.features.mel', 'core.features.streaming']", (
        done.stderr
    )
