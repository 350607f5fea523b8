"""What tests of all parts need: folders of one's own, real clips where they are, and clips made of tones."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import Sound, write_wav
from tests.sound import module_sound_server as module_sound_server
from tests.sound import virtual_microphone as virtual_microphone

pytest_plugins = ["tests.series", "tests.ssh_server", "tests.speaking_device"]

# Width and colours of what commands write are not to follow the terminal that the tests are started from.
for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)

# Qt warns of a locale that is not of UTF-8, and warnings fail.
if os.environ.get("LC_ALL") in ("C", "POSIX"):
    os.environ["LC_ALL"] = "C.UTF-8"

# A shell that starts the tests in the background has them ignore interrupts, which their child processes would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
REAL_CLIPS = ROOT.parent / "shared" / "data" / "speech_commands"

# Their SHA-1 deals them to all three parts by the rule of Speech Commands with the default fractions.
SPEAKERS = tuple(f"{number:08x}" for number in range(0x1A2B3C70, 0x1A2B3C70 + 16))
TONES_HERTZ = {"high": (1800.0, 1800.0), "low": (400.0, 400.0), "rising": (300.0, 2400.0)}


@pytest.fixture(scope="session", autouse=True)
def _own_folders_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's cache, data and settings out of what is made for several tests too."""
    with pytest.MonkeyPatch.context() as patch:
        _use_own_folders(tmp_path_factory, patch)
        yield


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's cache, data and settings out of every test."""
    _use_own_folders(tmp_path_factory, monkeypatch)


def _use_own_folders(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("user")
    for name in ("CACHE", "DATA", "CONFIG"):
        patch.setenv(f"TINYML_WORKBENCH_{name}", str(folder / name.lower()))


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """Folder of real Speech Commands clips."""
    if not REAL_CLIPS.is_dir():
        pytest.skip(f"needs real clips in {REAL_CLIPS}")
    return REAL_CLIPS


def write_tones(folder: Path, clips_per_speaker: int = 2, sample_rate: int = 16000) -> Path:
    """Fill a folder with clips that a tiny network can tell apart: a high, a low and a rising tone in noise."""
    rng = np.random.default_rng(7)
    time_s = np.arange(sample_rate) / sample_rate
    for label, (first_hertz, last_hertz) in TONES_HERTZ.items():
        (folder / label).mkdir(parents=True)
        for speaker in SPEAKERS:
            for number in range(clips_per_speaker):
                pitch = rng.uniform(0.9, 1.1)
                cycles = pitch * (first_hertz * time_s + (last_hertz - first_hertz) * time_s**2 / 2)
                samples = rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * cycles) + 0.02 * rng.standard_normal(sample_rate)
                write_wav(
                    folder / label / f"{speaker}_nohash_{number}.wav", Sound(samples.astype(np.float32), sample_rate)
                )
    return folder


@pytest.fixture(scope="session")
def tone_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of three labels of tone clips by sixteen speakers; not to be changed, see `own_tone_clips`."""
    return write_tones(tmp_path_factory.mktemp("tones") / "clips")


@pytest.fixture(scope="session")
def tone_trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished trial that tells tones and silence apart, in a study of its own; not to be changed."""
    root = tmp_path_factory.mktemp("tone trial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYML_WORKBENCH_CACHE", str(root / "cache"))
        return train_on_tones(root)


def train_on_tones(root: Path) -> Path:
    """Train a trial on tones and silence in a study below `root`, beside its clips; return the trial's folder."""
    from core.experiment import runner
    from core.experiment.store import Study
    from core.spec import parse_spec

    clips = write_tones(root / "clips")
    hiss = 0.02 * np.random.default_rng(1).standard_normal(60 * 16000)
    (clips / "_background_noise_").mkdir()
    write_wav(clips / "_background_noise_" / "hiss.wav", Sound(hiss.astype(np.float32), 16000))
    values = {
        "name": "Tones",
        "dataset": {"folder": str(clips), "include_silence": True},
        "features": {"num_mel_bins": 20, "normalization": "standardize"},
        "model": {"family": "ds_cnn", "filters": [16, 16], "strides": [[2, 2], [1, 1]]},
        "training": {"epochs": 25, "batch_size": 20},
        "measurement": {"num_runs": 20, "warmup_runs": 2},
    }
    study = Study.create(root / "study")
    name = study.add(parse_spec(values))
    runner.run(study, name)
    return study.folder_of(name)


@pytest.fixture
def own_tone_clips(tmp_path: Path) -> Iterator[Path]:
    """Folder of tone clips that the test may change."""
    yield write_tones(tmp_path / "own tones", clips_per_speaker=1)
