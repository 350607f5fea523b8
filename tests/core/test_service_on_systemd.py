"""The listening service under a real systemd, on an emulated aarch64 machine: provisioned without a network."""

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav, write_wav
from core.datasets.clips import sound_files
from core.deploy.device.actions import Actions, Logging
from core.deploy.monitor_log import last_readings
from core.deploy.provision import provision
from core.deploy.release import deploy
from core.deploy.service import UNIT, ListeningService
from core.errors import DeviceError
from core.experiment.device_trials import release_of
from core.experiment.store import Study
from tests.pi_vm import pi_vm as pi_vm
from tests.waiting import until

RATE = 16000
SLOW_S = 120


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_model_listens_under_systemd_through_logout_kill_and_stop(pi_vm, tone_trial, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYML_WORKBENCH_CONFIG", str(tmp_path / "config"))
    clips = tone_trial.parents[2] / "clips"
    samples = (0.01 * np.random.default_rng(0).standard_normal(600 * RATE)).astype(np.float32)
    for number in range(290):
        clip = read_wav(sound_files(clips / ("high", "rising")[number % 2])[number % 8]).samples
        samples[(2 * number + 1) * RATE : (2 * number + 2) * RATE] += clip
    write_wav(tmp_path / "words.wav", Sound(samples, RATE))
    table = Actions({"high": Logging("start"), "rising": Logging("stop")})

    with pi_vm.connect() as connection:
        provision(connection)
        deploy(connection, release_of(Study.open(tone_trial.parents[1]), tone_trial.name))
        connection.put(tmp_path / "words.wav", connection.home / "words.wav")
        service = ListeningService(connection)
        status = service.install(table, wav=connection.home / "words.wav")
        assert status.state == "running"
        if not status.lingers:
            assert status.message.endswith("sudo loginctl enable-linger pi")
            connection.run("sudo", "loginctl", "enable-linger", "pi")
    # Logged out, and in again.
    with pi_vm.connect() as connection:
        service = ListeningService(connection)
        status = service.status()
        assert (status.state, status.lingers, status.restarts) == ("running", True, 0)
        assert status.cpu_share and status.memory_bytes and status.running_s
        until(lambda: len(service.detections()) >= 2, SLOW_S)
        assert {each.word for each in service.detections()} <= {"high", "rising"}
        monitor, *_ = last_readings(connection, 5)
        assert monitor.session
        journal = connection.run("journalctl", "--user", "-u", UNIT, "-o", "cat").out
        assert '{"kind": "listening"' in journal and '{"kind": "detected"' in journal
        connection.run("systemctl", "--user", "kill", "--signal=KILL", UNIT)
        until(lambda: service.status().restarts == 1 and service.status().state == "running", SLOW_S)
        service.stop()
        assert service.status().state == "stopped"
        settings = connection.home / ".local/share/tinyml-workbench/current/settings.json"
        connection.put(connection.get(settings).replace(b'"schema_version": 1', b'"schema_version": 9', 1), settings)
        with pytest.raises(DeviceError, match=r"ended at once: .*has schema 9"):
            service.start()
        assert service.status().state == "failed"
        service.uninstall()
        assert service.status().state == "absent"
        assert connection.run("systemctl", "--user", "status", UNIT).status == 4
