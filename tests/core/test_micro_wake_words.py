"""microWakeWord's own models, held to what its own package makes of the same sound."""

import shutil
from pathlib import Path

import numpy as np
import pymicro_wakeword
import pytest
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from core.audio import synthesis
from core.audio.wav import resample
from core.datasets.preprocessing import Preprocessing
from core.experiment.model_choice import ChosenModel
from core.experiment.spotting import Spotter
from core.features.micro_frontend import as_int16
from core.spec import Features

RATE = 16000
MODELS = Path(pymicro_wakeword.__file__).parent / "models"


SPOKEN = {
    Model.ALEXA: ("Alexa", synthesis.Voice("en-us", 140, 50)),
    Model.OKAY_NABU: ("Okay naboo", synthesis.Voice("en-us", 140, 50)),
    Model.HEY_JARVIS: ("Hey Jarvis", synthesis.Voice("en-us+f2", 165, 60)),
    Model.HEY_MYCROFT: ("Hey Mycroft", synthesis.Voice("en-gb+m1", 165, 60)),
}
"""What a synthesizer says so that each model hears it."""


def over_noise(text: str, voice: synthesis.Voice) -> np.ndarray:
    """Return a second of noise and then words in it."""
    samples = resample(synthesis.speak(text, voice), RATE).samples
    # A spotter ends with a whole hop of three frames.
    noise = 0.005 * np.random.default_rng(5).standard_normal(-(-(len(samples) + RATE) // 480) * 480)
    noise[RATE : RATE + len(samples)] += 0.7 * samples
    return noise.astype(np.float32).clip(-1, 1)


def said_by_the_package(model: Model, sound: np.ndarray) -> np.ndarray:
    """Return the probability of the word after each three frames."""
    detector = MicroWakeWord.from_builtin(model)
    detector.sliding_window_size = 1
    detector.reset()
    probabilities = []
    for count, features in enumerate(MicroWakeWordFeatures().process_streaming(as_int16(sound).tobytes()), 1):
        said = detector.process_streaming_prob(features)
        if count % 3 == 0:
            probabilities.append(detector._probabilities[-1] if said is not None else 0)
    return np.array(probabilities)


@pytest.mark.skipif(shutil.which(synthesis.PROGRAM) is None, reason="needs espeak-ng")
@pytest.mark.parametrize("model", list(Model))
def test_a_spotter_hears_what_the_package_hears(model: Model) -> None:
    preprocessing = Preprocessing(
        features=Features(kind="micro_frontend", peak_normalization=True),  # which does not apply
        clip_duration_ms=1000,
        labels=("other", "word"),
    )
    spotter = Spotter(ChosenModel(MODELS / f"{model.value}.tflite", preprocessing))
    spoken = over_noise(*SPOKEN[model])
    heard = np.array([step.probabilities[1] for step in spotter.push(spoken)])
    expected = said_by_the_package(model, spoken)
    assert expected.max() > 0.5
    # The package brings an older runtime, whose kernels round otherwise.
    np.testing.assert_allclose(heard, expected, atol=0.08)
