"""The sound behind the pictures: every setting shows what is held anew, a little at a time."""

import numpy as np
import pytest

from core.audio.clip_part import take_part
from core.audio.wav import Sound, resample, to_int16
from core.features.live import Columns
from core.features.mel import FeatureExtractor
from core.settings.clips import ClipPosition
from core.spec import Dataset, Features
from workbench.clips.shelf import ClipShelf
from workbench.features.live_sound import STREAM_RATE, LiveSound


class Heard:
    """What a LiveSound told since it restarted."""

    def __init__(self, sound: LiveSound) -> None:
        self.samples: list[np.ndarray] = []
        self.columns: list[Columns] = []
        self.restarts = 0
        sound.restarted.connect(self._restart)
        sound.heard.connect(self._hear)

    def _restart(self) -> None:
        self.restarts += 1
        self.samples, self.columns = [], []

    def _hear(self, samples: np.ndarray, columns: Columns) -> None:
        self.samples.append(samples)
        self.columns.append(columns)

    def all_samples(self) -> np.ndarray:
        return np.concatenate(self.samples)

    def all(self, name: str) -> np.ndarray:
        return np.concatenate([columns[name] for columns in self.columns])


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, 13 * STREAM_RATE).astype(np.float32)


def _finish(sound: LiveSound) -> None:
    while sound.is_behind:
        sound.advance()


def _stream(sound: LiveSound, samples: np.ndarray) -> None:
    for piece in np.array_split(samples, 200):
        sound.hear(piece)
    _finish(sound)


def test_a_stream_gives_its_columns_as_it_comes(noise: np.ndarray) -> None:
    sound = LiveSound(Features())
    heard = Heard(sound)
    _stream(sound, noise)
    expected = FeatureExtractor(Features(), len(noise)).compute(noise[np.newaxis])[0]
    np.testing.assert_array_equal(heard.all_samples(), noise)
    np.testing.assert_allclose(heard.all("mfcc"), expected, atol=2e-3)
    assert sound.span_s == 10
    assert sound.num_columns == 500


def test_other_settings_show_the_ten_seconds_held_anew(noise: np.ndarray) -> None:
    sound = LiveSound(Features())
    heard = Heard(sound)
    _stream(sound, noise)
    other = Features(kind="log_mel", num_mel_bins=20, frame_step_ms=10.0, upper_edge_hertz=8000.0)
    sound.use(other, 1000)
    _finish(sound)
    held = noise[-10 * STREAM_RATE :]
    expected = FeatureExtractor(other, len(held)).compute(held[np.newaxis])[0]
    assert heard.restarts == 1
    np.testing.assert_allclose(heard.all("log_mel"), expected, atol=2e-3)
    sound.use(other, 1000)
    assert heard.restarts == 1
    sound.hear(noise[:STREAM_RATE])
    _finish(sound)
    assert len(heard.all("log_mel")) == other.num_frames(11 * STREAM_RATE)


def test_settings_that_cost_much_take_several_turns_and_lose_nothing(noise: np.ndarray) -> None:
    """2 ms frame step: what is heard meanwhile waits its turn."""
    sound = LiveSound(Features())
    heard = Heard(sound)
    _stream(sound, noise)
    sound.use(Features(frame_step_ms=2.0, num_mel_bins=128), 1000)
    assert sound.is_behind
    done = len(heard.all_samples())
    assert done < 10 * STREAM_RATE
    sound.hear(noise[:500])
    _finish(sound)
    np.testing.assert_array_equal(heard.all_samples(), np.concatenate([noise[-10 * STREAM_RATE :], noise[:500]]))


def test_half_the_rate_hears_the_same_sound_resampled() -> None:
    time_s = np.arange(3 * STREAM_RATE) / STREAM_RATE
    tone = (0.3 * np.sin(2 * np.pi * 700 * time_s)).astype(np.float32)
    sound = LiveSound(Features(sample_rate=8000))
    heard = Heard(sound)
    _stream(sound, tone)
    found = heard.all_samples()
    assert len(found) == pytest.approx(3 * 8000, abs=960)
    spectrum = np.abs(np.fft.rfft(found[4000:12000]))
    assert spectrum.argmax() == 700
    newest = sound.model_input()
    assert newest is not None
    assert newest.shape == (49, 10)


def test_a_clip_is_shown_as_a_network_is_given_it() -> None:
    """Shorter than a second: padded with silence. At another rate: resampled as in training."""
    rng = np.random.default_rng(1)
    clip = Sound(rng.uniform(-0.5, 0.5, 22050 * 7 // 10).astype(np.float32), 22050)
    features = Features(peak_normalization=True, normalization="clip_mean")
    sound = LiveSound(features)
    heard = Heard(sound)
    sound.show_clip(clip)
    _finish(sound)
    expected = np.zeros(16000, np.float32)
    resampled = resample(clip, 16000).samples
    expected[: len(resampled)] = resampled
    np.testing.assert_array_equal(heard.all_samples(), expected)
    assert sound.span_s == 1
    picture = sound.model_input()
    assert picture is not None
    # A network is given the 16 bits that training reads.
    given = (to_int16(expected) / 32768).astype(np.float32)
    np.testing.assert_allclose(picture, FeatureExtractor(features, 16000).compute(given[np.newaxis])[0], atol=1e-4)


@pytest.mark.parametrize(("position", "start_s"), [("loudest", 11.25), ("start", 0), ("centre", 6)])
def test_of_a_long_clip_ten_seconds_are_shown_and_the_part_that_is_used_is_the_input(
    noise: np.ndarray, position: ClipPosition, start_s: float
) -> None:
    noise[round(11.5 * STREAM_RATE) : 12 * STREAM_RATE] += 0.5
    sound = LiveSound(Features(), clip_position=position)
    heard = Heard(sound)
    sound.show_clip(Sound(noise, STREAM_RATE))
    _finish(sound)
    assert len(heard.all_samples()) == 10 * STREAM_RATE
    part = take_part(Sound(noise, STREAM_RATE), STREAM_RATE, STREAM_RATE, position)
    assert part.start_s == pytest.approx(start_s, abs=0.02)
    heard_by_network = (part.waveform / 32768).astype(np.float32)
    expected = FeatureExtractor(Features(), STREAM_RATE).compute(heard_by_network[np.newaxis])[0]
    np.testing.assert_allclose(sound.model_input(), expected, atol=1e-4)


def test_a_stream_goes_on_after_a_clip_was_looked_at(noise: np.ndarray) -> None:
    sound = LiveSound(Features())
    _stream(sound, noise[: 2 * STREAM_RATE])
    sound.show_clip(Sound(noise[:8000], STREAM_RATE))
    heard = Heard(sound)
    sound.hear(noise[2 * STREAM_RATE : 3 * STREAM_RATE])
    assert heard.samples == []
    sound.listen()
    _finish(sound)
    np.testing.assert_array_equal(heard.all_samples(), noise[: 3 * STREAM_RATE])


def test_frames_longer_than_a_clip_give_no_input(noise: np.ndarray) -> None:
    sound = LiveSound(Features(frame_length_ms=200.0), 100)
    _stream(sound, noise[:STREAM_RATE])
    assert sound.model_input() is None
    sound.show_clip(Sound(noise[:STREAM_RATE], STREAM_RATE))
    assert sound.model_input() is None


def test_a_shelf_steps_through_the_clips_of_a_label(own_tone_clips) -> None:
    shelf = ClipShelf()
    assert shelf.open(Dataset(folder=str(own_tone_clips), labels=("low",)))
    assert not shelf.open(Dataset(folder=str(own_tone_clips), labels=("low",)))
    clips = sorted((own_tone_clips / "low").glob("*.wav"))
    assert (shelf.label, shelf.clip) == ("low", clips[0])
    shelf.step(-1)
    assert shelf.clip == clips[-1]
    assert shelf.words == f"{clips[-1].name} (16 of 16)"
    shelf.step(1)
    assert shelf.clip == clips[0]
    shelf.choose("no such label")
    assert shelf.clip is None
    assert shelf.open(Dataset(folder=str(own_tone_clips), labels=("high",))) and shelf.label == "high"
    assert shelf.open(Dataset())
    assert shelf.labels == ()


def test_a_clip_of_the_micro_front_end_is_seen_as_a_network_gets_it(noise: np.ndarray) -> None:
    """Its background is faded out from the beginning, as a device has done that listened before."""
    sound = LiveSound(Features(kind="micro_frontend"))
    heard = Heard(sound)
    sound.show_clip(Sound(noise[:STREAM_RATE], STREAM_RATE))
    _finish(sound)
    assert sound.num_columns == 98
    np.testing.assert_array_equal(heard.all("micro_frontend")[-98:], sound.model_input())


def test_a_waveform_has_no_columns_but_samples(noise: np.ndarray) -> None:
    sound = LiveSound(Features(kind="waveform"))
    heard = Heard(sound)
    _stream(sound, noise[: 2 * STREAM_RATE])
    np.testing.assert_array_equal(heard.all_samples(), noise[: 2 * STREAM_RATE])
    assert not any(heard.columns)
    np.testing.assert_array_equal(sound.model_input()[:, 0], noise[STREAM_RATE : 2 * STREAM_RATE])
