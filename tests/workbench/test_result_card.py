"""What a model saw of a clip, of every kind of features."""

from typing import get_args

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.audio.loudness import measure_loudness
from core.audio.wav import Sound
from core.datasets.preprocessing import Preprocessing
from core.experiment.clip_classification import ClassifiedClip
from core.settings.feature_sizes import KindName
from core.spec import Features
from workbench.listening.result_card import ResultCard
from workbench.listening.tested_clips import TestedClip

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]

RATE = 16000


def clip_as_heard(samples: np.ndarray, preprocessing: Preprocessing) -> TestedClip:
    heard = ClassifiedClip(
        labels=preprocessing.labels,
        probabilities=np.array([0.9, 0.1], np.float32),
        picture=preprocessing.extractor().compute(samples[np.newaxis])[0],
        loudness=measure_loudness(samples, RATE),
        unlikeness=None,
        feature_ms=1.0,
        inference_ms=1.0,
    )
    return TestedClip("clip", Sound(samples, RATE), heard)


@pytest.mark.parametrize("kind", get_args(KindName))
def test_the_card_shows_the_picture_and_of_a_waveform_none(qtbot: QtBot, kind: str) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    card = ResultCard()
    card.resize(520, 560)
    qtbot.addWidget(card)
    with qtbot.waitExposed(card):
        card.show()
    # Another model heard a clip before.
    for features in (Features(), Features(kind=kind)):
        preprocessing = Preprocessing(features=features, clip_duration_ms=1000, labels=("go", "stop"))
        card.show_clip(clip_as_heard(samples, preprocessing), "", preprocessing)
    assert card.wave.isVisible()
    assert card.picture.isVisible() == (kind != "waveform")
    if kind != "waveform":
        assert card.picture._picture.shape == features.picture_shape(RATE)
        assert card.picture.scale.unit == ("dB" if kind in ("spectrogram", "log_mel") else "")
