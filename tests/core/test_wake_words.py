"""microWakeWord's own models, of the package pymicro-wakeword: the same probabilities as from its runtime."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav, resample, write_wav
from core.errors import ModelError
from core.evaluation.model_form import ModelForm
from core.evaluation.wake_word import WakeWord, read_wake_word
from core.experiment.clip_classification import ClipClassifier
from core.experiment.model_choice import choose_model
from core.experiment.spotting import Spotter, load_working_point

PACKAGE = find_spec("pymicro_wakeword")
WORDS = ("okay_nabu", "hey_mycroft", "alexa", "hey_jarvis")
RATE = 16000

pytestmark = pytest.mark.skipif(PACKAGE is None, reason="needs the package pymicro-wakeword")


def model_of(word) -> Path:
    return Path(PACKAGE.origin).parent / "models" / f"{word}.tflite"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> dict[str, Path]:
    """Two seconds each with one of three wake words by espeak-ng."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng")
    folder = tmp_path_factory.mktemp("spoken")
    found = {}
    for word in WORDS[:3]:
        raw = folder / "raw.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", raw, word.replace("_", " ")], check=True)
        said = resample(read_wav(raw), RATE).samples
        samples = np.zeros(2 * RATE, np.float32)
        samples[4800 : 4800 + len(said)] = 0.5 * said / np.abs(said).max()
        found[word] = folder / f"{word}.wav"
        write_wav(found[word], Sound(samples, RATE))
    return found


@pytest.mark.parametrize("word", WORDS)
def test_each_of_its_models_is_recognised(word):
    spotter = Spotter(choose_model(model_of(word)))
    assert spotter.form == ModelForm((1, 3, 40), spotter.form.given, "steps", 1, 3, "resources", "sigmoid", 5)
    assert spotter.labels == ("_unknown_", word.replace("_", " ").title())
    assert spotter.settings.hop_ms == 30 and spotter.settings.average_window_ms == 150


@pytest.mark.parametrize("word", ["okay_nabu", "alexa"])
def test_a_stream_gives_what_its_own_runtime_gives(word, spoken):
    from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

    sound = read_wav(spoken[word]).samples
    theirs, features = MicroWakeWord.from_builtin(Model(word)), MicroWakeWordFeatures()
    pcm = np.round(sound * 32768).clip(-32768, 32767).astype("<i2").tobytes()
    wanted = [theirs.process_streaming_prob(frame) for frame in features.process_streaming(pcm)]
    # It answers every frame, and its model runs at every third.
    wanted = np.array(wanted[2::3])
    theirs.close()
    spotter = Spotter(choose_model(model_of(word)))
    for _ in range(2):
        spotter.restart()
        steps = spotter.push(sound)
        found = np.array([step.smoothed[1] for step in steps])
        # Before its window is full it says 0.
        assert np.abs(found[4 : len(wanted)] - wanted[4 : len(found)]).max() < 0.02
        assert wanted.max() > theirs.probability_cutoff
        detections = [step.detection for step in steps if step.detection]
        assert [detection.label for detection in detections] == [word.replace("_", " ").title()]


def test_each_model_hears_its_own_word_in_clips_in_any_order(spoken):
    for word in ("okay_nabu", "hey_mycroft", "alexa"):
        classifier = ClipClassifier(choose_model(model_of(word)))
        for _ in range(2):
            heard = {name: classifier.classify_file(path).probabilities[1] for name, path in spoken.items()}
            assert max(heard, key=heard.get) == word
            assert heard[word] > 0.7
            assert max(value for name, value in heard.items() if name != word) < 0.1


def test_its_description_gives_word_features_and_working_point(tmp_path):
    chosen = choose_model(model_of("okay_nabu"))
    assert chosen.wake_word == WakeWord("Okay Nabu", 0.85, 5)
    assert chosen.preprocessing.features.kind == "micro_frontend"
    assert load_working_point(chosen).threshold == 0.85
    model = Path(shutil.copy(model_of("alexa"), tmp_path / "alexa.tflite"))
    for text in ("[1]", '{"type": "other"}', "no JSON", "[" * 100_000):
        (tmp_path / "alexa.json").write_text(text)
        assert read_wake_word(model) is None
    endless = '{"probability_cutoff": 0.5, "sliding_window_size": 1e999}'
    for about in ("{}", '{"probability_cutoff": 2, "sliding_window_size": 5}', "3", endless):
        (tmp_path / "alexa.json").write_text(f'{{"type": "micro", "wake_word": "Alexa", "micro": {about}}}')
        with pytest.raises(ModelError, match=r"alexa\.json: is not what microWakeWord writes"):
            read_wake_word(model)
