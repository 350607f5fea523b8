"""The Record & test page on a study with one trained trial, and models that nobody here trained."""

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.datasets.clips import sound_files
from core.datasets.preprocessing import Preprocessing, save_preprocessing
from core.experiment.clip_classification import ClipClassifier
from core.experiment.model_choice import choose_model
from core.experiment.spotting import open_spotter
from core.spec import Features
from tests.workbench.record.actions import WORDS, WORKING_POINT, in_stream, open_page
from workbench.jobs import Jobs
from workbench.pages.record import RecordPage
from workbench.preferences import Preferences
from workbench.record import takes
from workbench.session import Session

REFERENCE_MODEL = (
    Path(__file__).resolve().parents[4] / "shared" / "data" / "models" / "mlperf_tiny_kws_ref_model.tflite"
)
REFERENCE_LABELS = (*sorted((*WORDS, "off", "on")), "_silence_", "_unknown_")


@pytest.fixture(autouse=True)
def short_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for little more than the second that a clip lasts."""
    monkeypatch.setattr(takes, "TAKE_S", 1.6)


@pytest.fixture
def own_trial(tone_trial: Path, tmp_path: Path) -> Path:
    """A copy of the trial's folder, in a study that the test may change."""
    shutil.copytree(tone_trial.parents[1], tmp_path / "study")
    return tmp_path / "study" / "trials" / tone_trial.name


@pytest.fixture
def tones(tone_trial: Path) -> Path:
    """Folder of the tones that the trial knows."""
    return tone_trial.parents[2] / "clips"


@pytest.fixture
def page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, own_trial: Path) -> RecordPage:
    """The page on a study with one trained trial."""
    session.open_study(own_trial.parents[1])
    return open_page(qtbot, session, jobs, preferences)


@pytest.fixture
def reference_model(tmp_path: Path) -> Path:
    """A model that nobody here trained, with its preprocessing beside it."""
    if not REFERENCE_MODEL.is_file():
        pytest.skip(f"needs {REFERENCE_MODEL}")
    features = Features(frame_length_ms=30, frame_step_ms=20, peak_normalization=True)
    (tmp_path / "reference").mkdir()
    save_preprocessing(
        Preprocessing(features=features, clip_duration_ms=1000, labels=REFERENCE_LABELS), tmp_path / "reference"
    )
    return Path(shutil.copy(REFERENCE_MODEL, tmp_path / "reference" / "model.tflite"))


@pytest.fixture
def clear_clips(real_clips: Path, reference_model: Path) -> dict[str, Path]:
    """Of eight words the first clip each in which the model finds the word, as a clip and in a stream."""
    classifier = ClipClassifier(choose_model(reference_model))
    spotter = open_spotter(reference_model, WORKING_POINT)

    def is_clear(path: Path, word: str) -> bool:
        heard = classifier.classify_file(path)
        if heard.label != word or heard.top_probability < 0.95:
            return False
        spotter.restart()
        steps = spotter.push(in_stream([path], 1.2, 1.2))
        return [step.detection.label for step in steps if step.detection] == [word]

    return {word: next(path for path in sound_files(real_clips / word) if is_clear(path, word)) for word in WORDS}
