"""A device with a model and two minutes of sound, which takes seconds to set up and is therefore set up once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav, write_wav
from core.datasets.clips import sound_files
from core.deploy.release import deploy
from core.experiment.device_trials import release_of
from core.experiment.store import Study
from tests import user_systemd
from tests.ssh_server import Account, SshDevice, running_device

RATE = 16000


@pytest.fixture(scope="session")
def furnished_home(
    account: Account, device_tools: Path, tone_trial: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A device's home folder with a model in force and `words.wav`; not to be changed."""
    root = tmp_path_factory.mktemp("furnished")
    with pytest.MonkeyPatch.context() as patch, running_device(account, device_tools) as device:
        for name in ("HOME", "TINYML_WORKBENCH_CONFIG"):
            patch.setenv(name, str(root / "desktop"))
        patch.delenv("SSH_AUTH_SOCK", raising=False)
        device.provision()
        with device.connect() as connection:
            deploy(connection, release_of(Study.open(tone_trial.parents[1]), tone_trial.name))
        _write_words(device.home / "words.wav", tone_trial.parents[2] / "clips")
        return Path(shutil.copytree(device.home, root / "home", symlinks=True))


def _write_words(path: Path, clips: Path) -> None:
    """Write a high tone, a rising one, and so on, one every two seconds."""
    samples = (0.01 * np.random.default_rng(0).standard_normal(120 * RATE)).astype(np.float32)
    for number in range(59):
        clip = read_wav(sound_files(clips / ("high", "rising")[number % 2])[number % 8]).samples
        samples[(2 * number + 1) * RATE : (2 * number + 2) * RATE] += clip
    write_wav(path, Sound(samples, RATE))


@pytest.fixture
def speaking_device(ssh_device: SshDevice, furnished_home: Path) -> Iterator[SshDevice]:
    """A device that hears a high tone, a rising one, and so on, in `words.wav`; its users' services may linger."""
    shutil.rmtree(ssh_device.home)
    shutil.copytree(furnished_home, ssh_device.home, symlinks=True)
    user_systemd.put_tools(ssh_device, lingering="on")
    ssh_device.account.give(ssh_device.home)
    ssh_device.connect().close()
    yield ssh_device
    for process in ssh_device.processes("user_systemd.py supervise"):
        process.terminate()
    ssh_device.wait_until_gone("user_systemd.py supervise")
