"""Mean pictures of two labels and their difference, against the plain way of computing them."""

from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import read_wav
from core.datasets.class_difference import (
    Comparison,
    LabelClips,
    compare,
    per_coefficient,
    per_frame,
)
from core.datasets.clips import find_clips
from core.errors import DataError
from core.features.mel import FeatureExtractor
from core.spec import Dataset, Features


def _pictures(folder: Path, features: Features) -> np.ndarray:
    clips = np.stack([read_wav(path).samples for path in sorted(folder.glob("*.wav"))])
    return FeatureExtractor(features, clips.shape[1]).compute(clips)


@pytest.mark.parametrize("kind", ["mfcc", "log_mel", "spectrogram"])
def test_means_and_difference_are_those_of_all_clips(tone_clips: Path, kind: str) -> None:
    features = Features(kind=kind)
    [found] = compare(Dataset(folder=str(tone_clips)), ("rising", "low"), [features])
    rising, low = (_pictures(tone_clips / label, features) for label in ("rising", "low"))
    assert found.counts == (len(rising), len(low))
    np.testing.assert_allclose(found.means[0], rising.mean(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.difference, rising.mean(axis=0) - low.mean(axis=0), rtol=1e-3, atol=1e-3)
    pooled = (rising.var(axis=0, ddof=1) + low.var(axis=0, ddof=1)) / 2
    np.testing.assert_allclose(found.deviation, np.sqrt(pooled), rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(found.effect, found.difference / found.deviation, rtol=1e-5)


def test_the_difference_lies_where_the_sounds_differ(tone_clips: Path) -> None:
    """400 Hz against 1800 Hz: the filters at both pitches differ most, and every frame alike."""
    [found] = compare(Dataset(folder=str(tone_clips)), ("low", "high"), [Features(kind="log_mel", num_mel_bins=40)])
    by_filter = found.difference.mean(axis=0)
    edges = 1127 * np.log1p(np.array([20.0, 4000.0]) / 700)
    centres = 700 * np.expm1(np.linspace(*edges, 42)[1:-1] / 1127)
    assert centres[by_filter.argmax()] == pytest.approx(400, rel=0.15)
    assert centres[by_filter.argmin()] == pytest.approx(1800, rel=0.15)
    assert per_coefficient(found.difference).shape == (40,)
    assert per_frame(found.difference).shape == (49,)
    assert per_frame(found.difference).std() < 0.2 * per_frame(found.difference).mean()


def test_variants_stand_in_their_order_each_with_its_own_shape(tone_clips: Path) -> None:
    variants = [Features(num_mfccs=count, upper_edge_hertz=edge) for count, edge in ((4, 2000), (10, 4000), (13, 8000))]
    found = compare(Dataset(folder=str(tone_clips)), ("high", "low"), variants)
    assert [result.features for result in found] == variants
    assert [result.difference.shape for result in found] == [(49, 4), (49, 10), (49, 13)]


def test_a_comparison_goes_on_in_pieces(tone_clips: Path) -> None:
    """Not more than one piece of work happens in no time at all, and the pieces make the same whole."""
    variants = [Features(), Features(num_mfccs=13)]
    clips = LabelClips(Dataset(folder=str(tone_clips)), ("high", "rising"))
    comparison = Comparison(clips, variants)
    done = []
    while comparison.advance(0):
        done.append(comparison.done)
    assert comparison.total == 2 * 2 * 32
    assert done == list(range(8, 129, 8))
    whole = compare(Dataset(folder=str(tone_clips)), ("high", "rising"), variants)
    for piecewise, at_once in zip(comparison.results, whole, strict=True):
        np.testing.assert_array_equal(piecewise.difference, at_once.difference)


def test_clips_are_read_once_for_all_settings(own_tone_clips: Path) -> None:
    clips = LabelClips(Dataset(folder=str(own_tone_clips)), ("high", "low"))
    first = Comparison(clips, [Features()])
    while first.advance(1):
        pass
    for path in own_tone_clips.rglob("*.wav"):
        path.unlink()
    again = Comparison(clips, [Features(num_mfccs=5)])
    while again.advance(1):
        pass
    np.testing.assert_allclose(again.results[0].difference, first.results[0].difference[:, :5], rtol=1e-5)


def test_standardized_means_are_those_of_standardized_pictures(tone_clips: Path) -> None:
    features = Features(normalization="standardize")
    [found] = compare(Dataset(folder=str(tone_clips)), ("high", "low"), [features])
    both = np.concatenate([_pictures(tone_clips / label, features) for label in ("high", "low")])
    scaled = (both - both.mean(axis=(0, 1))) / both.std(axis=(0, 1))
    np.testing.assert_allclose(found.means[0], scaled[:32].mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(found.means[1], scaled[32:].mean(axis=0), atol=2e-3)


def test_an_unreadable_clip_is_left_out_and_named(own_tone_clips: Path) -> None:
    broken = sorted((own_tone_clips / "low").glob("*.wav"))[0]
    broken.write_bytes(b"no sound")
    clips = LabelClips(Dataset(folder=str(own_tone_clips)), ("low", "high"))
    comparison = Comparison(clips, [Features()])
    while comparison.advance(1):
        pass
    assert comparison.results[0].counts == (15, 16)
    assert [broken.name in fault for fault in clips.faults] == [True]


def test_a_label_without_any_sound_is_an_error(own_tone_clips: Path) -> None:
    for path in (own_tone_clips / "low").glob("*.wav"):
        path.write_bytes(b"no sound")
    with pytest.raises(DataError, match="no clip of low can be read"):
        compare(Dataset(folder=str(own_tone_clips)), ("low", "high"), [Features()])


def test_one_label_twice_is_an_error(tone_clips: Path) -> None:
    with pytest.raises(DataError, match="needs two labels, low was given twice"):
        LabelClips(Dataset(folder=str(tone_clips)), ("low", "low"))


def test_extra_labels_are_those_of_the_data_set(real_clips: Path) -> None:
    """`_silence_` against a word: as many clips as a data set with silence would hold."""
    dataset = Dataset(folder=str(real_clips), labels=("go", "stop"), max_clips_per_label=40)
    clips = LabelClips(dataset, ("_silence_", "go"))
    whole = find_clips(dataset.model_copy(update={"include_silence": True}))
    silent = [clip.path for clip in whole.clips if whole.labels[clip.target] == "_silence_"]
    assert [clip.path for clip in clips.clips[0]] == silent
    assert len(clips.clips[1]) == 40


def test_real_words_differ_more_than_halves_of_one_word(real_clips: Path) -> None:
    """Half of one word against its other half differs far less than two words do."""
    dataset = Dataset(folder=str(real_clips), labels=("go", "stop"))
    [words] = compare(dataset, ("go", "stop"), [Features()])
    pictures = _pictures_of(real_clips / "go")
    halves = pictures[::2].mean(axis=0) - pictures[1::2].mean(axis=0)
    assert np.abs(words.difference[:, 1:]).mean() > 2 * np.abs(halves[:, 1:]).mean()


def _pictures_of(folder: Path) -> np.ndarray:
    sounds = [read_wav(path).samples for path in sorted(folder.glob("*.wav"))]
    clips = np.stack([np.pad(samples, (0, max(0, 16000 - len(samples))))[:16000] for samples in sounds])
    return FeatureExtractor(Features(), 16000).compute(clips)
