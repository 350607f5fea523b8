"""The features, held to those of TensorFlow."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from core.audio.wav import read_wav
from core.features.mel import FeatureExtractor, dct_matrix, hann_window, mel_weights
from core.spec import Features, parse_spec


def expected(waveforms: np.ndarray, settings: Features) -> np.ndarray:
    """Compute the same with tf.signal."""
    spectra = tf.signal.stft(
        tf.constant(waveforms), settings.frame_length, settings.frame_step, settings.effective_fft_length
    )
    magnitudes = tf.abs(spectra)
    if settings.kind == "spectrogram":
        return magnitudes.numpy()
    weights = tf.signal.linear_to_mel_weight_matrix(
        settings.num_mel_bins,
        magnitudes.shape[-1],
        settings.sample_rate,
        settings.lower_edge_hertz,
        settings.upper_edge_hertz,
    )
    log_mel = tf.math.log(magnitudes @ weights + 1e-6)
    if settings.kind == "log_mel":
        return log_mel.numpy()
    return tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., : settings.num_mfccs].numpy()


def noises(settings: Features, count: int = 3, num_samples: int | None = None) -> np.ndarray:
    rng = np.random.default_rng(5)
    shape = (count, num_samples or settings.sample_rate // 2)
    return (rng.standard_normal(shape) * 10 ** rng.uniform(-3, -0.5, (count, 1))).astype(np.float32)


FRAMES = [
    (40, 20, 0),
    (16, 16, 0),
    (32, 10, 512),
    (50, 28, 0),
    (30, 20, 2048),
    (10, 5, 0),
    (40.0625, 20, 0),
    (25, 25, 400),
]
BANDS = [
    (40, 20.0, 4000.0, 10),
    (20, 80.0, 4000.0, 13),
    (10, 0.0, 2000.0, 10),
    (80, 300.0, 3900.0, 40),
    (128, 20.0, 4000.0, 128),
]


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize(
    ("kind", "frame", "band"),
    [
        *itertools.product(["spectrogram", "log_mel"], FRAMES, BANDS[:1]),
        *itertools.product(["log_mel"], FRAMES[:1], BANDS[1:]),
        *itertools.product(["mfcc"], FRAMES[:3], BANDS),
        *itertools.product(["mfcc"], FRAMES[3:], BANDS[:1]),
    ],
)
def test_pictures_are_those_of_tensorflow(
    kind: str, rate: int, frame: tuple[float, float, int], band: tuple[int, float, float, int]
) -> None:
    length_ms, step_ms, fft_length = frame
    bins, lower, upper, coefficients = band
    settings = Features(
        kind=kind,
        sample_rate=rate,
        frame_length_ms=length_ms,
        frame_step_ms=step_ms,
        fft_length=fft_length if fft_length >= rate * length_ms / 1000 else 0,
        num_mel_bins=bins,
        lower_edge_hertz=lower,
        upper_edge_hertz=upper,
        num_mfccs=coefficients,
    )
    waveforms = noises(settings)
    pictures = FeatureExtractor(settings, waveforms.shape[1]).compute(waveforms)
    assert pictures.dtype == np.float32
    np.testing.assert_allclose(pictures, expected(waveforms, settings), atol=1e-3, rtol=1e-3)


def test_real_clips_give_the_mfccs_of_tensorflow(real_clips: Path) -> None:
    settings = Features()
    sounds = [read_wav(path).samples for path in sorted((real_clips / "stop").glob("*.wav"))]
    waveforms = np.stack([sound[:16000] for sound in sounds if len(sound) >= 16000][:50])
    pictures = FeatureExtractor(settings, 16000).compute(waveforms)
    np.testing.assert_allclose(pictures, expected(waveforms, settings), atol=1e-3)


@pytest.mark.parametrize("num_samples", [640, 641, 959, 960, 16000, 24123])
def test_the_shape_is_the_one_the_spec_foretells(num_samples: int) -> None:
    settings = Features()
    extractor = FeatureExtractor(settings, num_samples)
    assert extractor.compute(noises(settings, 2, num_samples)).shape == (
        2,
        settings.num_frames(num_samples),
        settings.num_coefficients,
    )


@pytest.mark.parametrize("kind", ["spectrogram", "log_mel", "mfcc"])
def test_a_clip_has_the_same_picture_alone_and_among_others(kind: str) -> None:
    settings = Features(kind=kind)
    extractor = FeatureExtractor(settings, 8000)
    waveforms = noises(settings, 11)
    together = extractor.compute(waveforms)
    for index in range(11):
        assert np.array_equal(extractor.compute(waveforms[index : index + 1])[0], together[index])


def test_peak_normalization_makes_loudness_irrelevant_and_bears_silence() -> None:
    settings = Features(peak_normalization=True)
    extractor = FeatureExtractor(settings, 16000)
    waveforms = noises(settings, 2, 16000)
    np.testing.assert_allclose(extractor.compute(waveforms), extractor.compute(waveforms * 0.1), atol=1e-3)
    peaks = np.abs(waveforms).max(axis=1, keepdims=True)
    np.testing.assert_allclose(extractor.compute(waveforms), expected(waveforms / peaks, settings), atol=1e-3)
    assert np.isfinite(extractor.compute(np.zeros((1, 16000), np.float32))).all()


def test_clip_mean_leaves_no_mean_over_time() -> None:
    settings = Features(normalization="clip_mean")
    waveforms = noises(settings, 2, 16000)
    pictures = FeatureExtractor(settings, 16000).compute(waveforms)
    np.testing.assert_allclose(pictures.mean(axis=1), 0, atol=1e-4)
    plain = FeatureExtractor(Features(), 16000).compute(waveforms)
    np.testing.assert_allclose(pictures, plain - plain.mean(axis=1, keepdims=True), atol=1e-4)


@pytest.mark.parametrize("length", [1, 2, 5, 640, 641])
def test_the_window_is_that_of_tensorflow(length: int) -> None:
    np.testing.assert_allclose(hann_window(length), tf.signal.hann_window(length).numpy(), atol=1e-6)


def test_the_mel_weights_are_those_of_tensorflow() -> None:
    ours = mel_weights(40, 513, 16000, 20, 4000)
    np.testing.assert_allclose(ours, tf.signal.linear_to_mel_weight_matrix(40, 513, 16000, 20, 4000), atol=1e-4)


def test_all_cosines_but_the_constant_one_are_orthonormal() -> None:
    cosines = dct_matrix(40, 40)
    product = cosines.T @ cosines
    assert product[0, 0] == pytest.approx(2)
    np.testing.assert_allclose(product[1:, 1:], np.eye(39), atol=1e-9)


def test_the_settings_of_the_mlperf_model_give_its_input_shape() -> None:
    spec = parse_spec(
        {
            "dataset": {"folder": "x"},
            "features": {"frame_length_ms": 30, "frame_step_ms": 20, "peak_normalization": True},
        }
    )
    assert spec.features.effective_fft_length == 512
    assert FeatureExtractor(spec.features, 16000).compute(noises(spec.features, 1, 16000)).shape == (1, 49, 10)


def test_the_file_needs_nothing_but_numpy(tmp_path: Path) -> None:
    """A device gets a copy of this one file."""
    import shutil
    import subprocess
    import sys

    from core.features import mel

    shutil.copy(mel.__file__, tmp_path / "mel.py")
    code = "import sys, mel; print(sorted({name.split('.')[0] for name in sys.modules} & {'core', 'pydantic', 'soxr'}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
