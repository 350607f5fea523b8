"""Kinds of features that are no Fourier transform of ours: Google's micro front end, and sound as it is."""

import sys
from pathlib import Path

import numpy as np
import pytest
from pymicro_features import MicroFrontend

from core.errors import FeatureError
from core.features.kinds import KINDS, as_inputs, make_extractor, make_stream
from core.features.micro_frontend import FrontEnd, as_int16, lead_in
from core.section import examine
from core.spec import Features

RATE = 16000
MICRO = Features(kind="micro_frontend")
WAVEFORM = Features(kind="waveform")


def noise(num_samples: int, level: float = 0.05, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, num_samples).astype(np.float32)


def tone(num_samples: int, hertz: float = 1000.0, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(num_samples) / RATE)).astype(np.float32)


def word_over_noise() -> np.ndarray:
    """Make four seconds of noise, with a tone of 0.4 s in the last one."""
    sound = noise(4 * RATE)
    sound[3 * RATE + 5000 : 3 * RATE + 11400] += tone(6400)
    return sound


def by_package(samples: np.ndarray) -> np.ndarray:
    """Return what the package itself says, as microWakeWord feeds it."""
    frontend = MicroFrontend()
    content = as_int16(samples).tobytes()
    rows = [frontend.process_samples(content[start : start + 320]).features for start in range(0, len(content), 320)]
    return np.array([row for row in rows if row], np.float32)


# The micro front end


def test_the_stream_is_what_the_package_says_however_it_comes() -> None:
    sound = word_over_noise()
    for hop in (160, 320, 77, 1601, len(sound)):
        stream = make_stream(MICRO, RATE)
        columns = [stream.push(sound[start : start + hop]) for start in range(0, len(sound), hop)]
        np.testing.assert_array_equal(np.concatenate(columns), by_package(sound))


def test_the_package_computes_what_tensorflow_does() -> None:
    """To the rounding of its fixed point: 40 channels of 30 ms every 10 ms, × 10/256 as models are trained on."""
    import tensorflow as tf
    from tensorflow.lite.experimental.microfrontend.python.ops.audio_microfrontend_op import audio_microfrontend

    sound = word_over_noise()
    expected = audio_microfrontend(
        tf.constant(as_int16(sound)), sample_rate=RATE, window_size=30, window_step=10, num_channels=40,
        lower_band_limit=125.0, upper_band_limit=7500.0, enable_pcan=True, min_signal_remaining=0.05, out_scale=1,
        out_type=tf.float32,
    )  # fmt: skip
    columns = FrontEnd().push(as_int16(sound))
    assert columns.shape == (398, 40)
    assert np.abs(columns - expected.numpy() * 10 / 256).mean() < 0.01
    assert columns.std() > 3


def test_the_window_of_a_stream_is_its_newest_frames() -> None:
    sound = word_over_noise()
    stream = make_stream(MICRO, RATE)
    for start in range(0, len(sound), 800):
        stream.push(sound[start : start + 800])
        window = stream.window()
        assert (window is None) == (start + 800 < RATE)
    np.testing.assert_array_equal(window, by_package(sound)[-98:])


def test_a_clip_repeats_bit_for_bit_whatever_was_computed_before() -> None:
    extractor = make_extractor(MICRO, RATE)
    clips = np.stack([noise(RATE, seed=seed) + tone(RATE, 500 + 200 * seed) for seed in range(4)])
    together = extractor.compute(clips)
    assert together.shape == (4, *MICRO.picture_shape(RATE)) == (4, 98, 40)
    assert together.dtype == np.float32
    for clip, picture in zip(clips[::-1], together[::-1], strict=True):
        np.testing.assert_array_equal(extractor.compute(clip[np.newaxis])[0], picture)


def test_a_clip_looks_as_to_a_device_that_listened_before() -> None:
    """Steady noise has been faded out: a fresh front end is more than twice as far off."""
    sound = word_over_noise()
    device = by_package(sound)[-98:]
    clip = sound[-RATE:]
    fresh = by_package(clip)
    ours = make_extractor(MICRO, RATE).compute(clip[np.newaxis])[0]
    off = np.abs(ours - device).mean()
    assert off < 1.5
    assert np.abs(fresh - device).mean() > 2 * off


def test_the_lead_in_is_the_quietest_tenth_and_no_padding() -> None:
    samples = noise(RATE, 0.1)
    samples[8080:9680] /= 10
    samples[:2000] = samples[14000:] = 0
    lead = lead_in(samples)
    assert len(lead) == RATE
    np.testing.assert_array_equal(lead[:1600], samples[8080:9680])
    np.testing.assert_array_equal(lead[1600:3200], samples[8080:9680][::-1])
    for unusable in (np.zeros(RATE, np.float32), np.repeat(np.float32([0, 0.1, 0]), [5000, 1500, 9500])):
        assert not lead_in(unusable).any()


@pytest.mark.parametrize("num_samples", [RATE, 15_600, 16_100, 1_600])
def test_a_clip_of_any_length_has_the_frames_that_fit(num_samples: int) -> None:
    picture = make_extractor(MICRO, num_samples).compute(noise(num_samples)[np.newaxis])[0]
    assert len(picture) == MICRO.num_frames(num_samples) == 1 + (num_samples - 480) // 160
    stream = make_stream(MICRO, num_samples)
    stream.push(noise(num_samples))
    np.testing.assert_array_equal(stream.window(), by_package(noise(num_samples // 160 * 160))[-len(picture) :])


def test_a_missing_package_is_said_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymicro_features", None)
    for make in (make_extractor, make_stream):
        with pytest.raises(FeatureError, match=r'install it: pip install "tinyml-workbench\[micro\]"'):
            make(MICRO, RATE)
    make_extractor(Features(), RATE)


# Waveforms


@pytest.mark.parametrize("normalization", ["none", "clip_mean"])
@pytest.mark.parametrize("by_peak", [False, True])
def test_a_waveform_is_the_clip_itself_alone_and_in_a_stream(normalization: str, by_peak: bool) -> None:  # noqa: FBT001
    settings = Features(kind="waveform", normalization=normalization, peak_normalization=by_peak)
    sound = noise(30_000) + 0.1
    expected = sound[-15_600:] / (np.abs(sound[-15_600:]).max() if by_peak else 1)
    expected = expected - (expected.mean() if normalization == "clip_mean" else 0)
    picture = make_extractor(settings, 15_600).compute(sound[np.newaxis, -15_600:])
    assert picture.shape == (1, *settings.picture_shape(15_600))
    inputs = as_inputs(settings, picture)
    assert inputs.shape == (1, *settings.input_shape(15_600)) == (1, 15_600)
    np.testing.assert_allclose(inputs[0], expected, atol=1e-6)
    stream = make_stream(settings, 15_600)
    for start in range(0, len(sound), 1234):
        assert (stream.window() is None) == (start < 15_600)
        stream.push(sound[start : start + 1234])
    np.testing.assert_array_equal(stream.window(), picture[0])


# Settings


def test_what_does_not_apply_to_a_kind_is_absent_from_its_identity() -> None:
    assert set(MICRO.recorded()) == {"kind", "sample_rate", "normalization"}
    assert set(WAVEFORM.recorded()) == {"kind", "sample_rate", "peak_normalization", "normalization"}
    # Other frames change nothing, not even where they would contradict themselves.
    other = {"frame_length_ms": 100, "frame_step_ms": 50, "fft_length": 64, "num_mel_bins": 4}
    for kind in ("micro_frontend", "waveform"):
        found, problems = examine(Features, {"kind": kind, **other})
        assert not problems
        assert found.picture_shape(RATE) == Features(kind=kind).picture_shape(RATE)


def test_the_front_end_takes_one_rate() -> None:
    _, problems = examine(Features, {"kind": "micro_frontend", "sample_rate": 8000})
    assert [str(problem) for problem in problems] == [
        "sample_rate: the micro front end takes 16000 Hz, is 8000 Hz; raise it"
    ]


def test_older_kinds_are_recorded_as_they_were() -> None:
    """Their caches and finished trials stay what they are."""
    spectrogram = {
        "sample_rate": 16000, "frame_length_ms": 40.0, "frame_step_ms": 20.0, "fft_length": 0,
        "peak_normalization": False, "normalization": "none",
    }  # fmt: skip
    log_mel = {**spectrogram, "num_mel_bins": 40, "lower_edge_hertz": 20.0, "upper_edge_hertz": 4000.0}
    older = {"spectrogram": spectrogram, "log_mel": log_mel, "mfcc": {**log_mel, "num_mfccs": 10}}
    for kind, recorded in older.items():
        assert Features(kind=kind).recorded() == {"kind": kind, **recorded}


def test_every_kind_has_its_sizes_and_its_computation() -> None:
    for kind in KINDS:
        settings = Features(kind=kind)
        picture = make_extractor(settings, RATE).compute(noise(RATE)[np.newaxis])
        assert picture.shape == (1, *settings.picture_shape(RATE))
        stream = make_stream(settings, RATE)
        stream.push(noise(RATE))
        assert stream.window().shape == picture.shape[1:]
    assert set(KINDS) == set(Features.model_fields["kind"].annotation.__args__)


def test_no_other_module_is_needed(tmp_path: Path) -> None:
    """A device gets copies of these files, and imports them without the package."""
    import subprocess

    from core.deploy.device import SHARED_FILES

    root = Path(__file__).parents[2]
    for name in SHARED_FILES:
        if name.startswith(("core/features", "core/settings", "core/errors", "core/__init__")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes((root / name).read_bytes())
    code = (
        "import sys; sys.modules['pymicro_features'] = None; import core.features.kinds; "
        "print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env={})
    assert done.stdout.strip() == "False", done.stderr
