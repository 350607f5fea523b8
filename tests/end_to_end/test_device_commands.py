"""`workbench device …` against a real SSH server: JSON and sentences, and questions on a real terminal."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.deploy.devices import Device, keep_device, list_devices
from core.experiment.store import Study
from tests.ssh_server import make_key
from workbench.cli import app

ROOT = Path(__file__).parents[2]
ANSWER_S = 120


def run(*arguments: object, status: int = 0, given: str = "") -> str:
    """Run a command in this process and return what it wrote to stdout, or its complaint."""
    done = CliRunner().invoke(app, ["device", *map(str, arguments)], input=given)
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.output


@pytest.fixture
def study(tone_trial, tmp_path) -> Study:
    return Study.open(shutil.copytree(tone_trial.parents[1], tmp_path / "study"))


@pytest.fixture
def address(ssh_device) -> list[object]:
    return [f"{ssh_device.account.name}@127.0.0.1", "--port", ssh_device.port, "--key", ssh_device.key]


def test_every_command_as_json(ssh_device, address, study):
    refused = run("add", "loop", *address, "--json", status=1)
    assert "--fingerprint SHA256:" in refused and json.loads(refused[refused.index("{") :])["error"]
    fingerprint = refused.split("--fingerprint ")[1].split()[0]
    wrong = fingerprint[:-4] + "AAAA"
    told = run("add", "loop", *address, "--fingerprint", wrong, status=1)
    assert f"shows the fingerprint {fingerprint}, not {wrong}" in told
    added = json.loads(run("add", "loop", *address, "--fingerprint", fingerprint, "--json"))
    assert added["device"] == "loop" and not added["provisioned"]
    assert [each["name"] for each in json.loads(run("list", "--json"))["devices"]] == ["loop"]
    ssh_device.provision()
    assert json.loads(run("check", "loop", "--json"))["provisioned"]
    assert json.loads(run("provision", "loop", "--json"))["runtime"].startswith("ai-edge-litert")
    release = json.loads(run("deploy", "loop", study.folder, "A", "--json"))["release"]
    measured = json.loads(run("benchmark", "loop", study.folder, "--runs", 20, "--clips", 6, "--threads", 1, "--json"))
    (trial,) = measured["trials"]
    assert trial["latency"]["device"] == "loop" and trial["latency"]["run"]["release"] == release
    assert "no release before" in json.loads(refused_json(run("rollback", "loop", "--json", status=1)))["error"]
    assert json.loads(run("remove", "loop", "--uninstall", "--json")) == {"removed": "loop"}
    assert not ssh_device.base.exists() and list_devices() == ()


def refused_json(text: str) -> str:
    return text[text.index("{") :]


def test_every_command_in_words(ssh_device, address, study):
    assert "No device was added yet" in CliRunner().invoke(app, ["device", "list"]).output
    ssh_device.connect().close()
    ssh_device.provision()
    assert "would run ai-edge-litert" in run("add", "loop", *address)
    assert "127.0.0.1" in run("list")
    assert "governor" in run("check", "loop")
    assert "runs tones-" in run("deploy", "loop", study.folder, "A")
    said = run("benchmark", "loop", study.folder, "A", "--runs", 20, "--clips", 6)
    assert "Right on 100.0 % of 6 clips there, 100.0 % here: equal within 0.5 points" in said and "total ms" in said
    assert "loop is forgotten" in run("remove", "loop")
    assert "no device called 'loop'" in run("check", "loop", status=1)
    assert "numbers from 1 on" in run("benchmark", "loop", study.folder, "--threads", "x", status=2)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("device add new ki", "kitchen"),
        ("device add new pi@", "pi@attic pi@kitchen"),
        ("device check lo", "loop"),
        ("device deploy ", "loop"),
    ],
)
def test_the_shell_completes_aliases_and_devices(own_ssh_folder, typed, offered):
    (own_ssh_folder / "config").write_text("Host kitchen attic *.local\n  User pi\n")
    keep_device(Device(name="loop", host="127.0.0.1"))
    words = f"workbench {typed}"
    asked = {"_WORKBENCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    # A display, which a window could be opened on, and no arguments, as the shell asks.
    environment = {**os.environ, **asked, "DISPLAY": ":none"}
    workbench = Path(sys.executable).with_name("workbench")
    said = subprocess.run([workbench], env=environment, capture_output=True, text=True, timeout=ANSWER_S)
    assert said.stdout.split() == offered.split(), said.stderr


class Terminal:
    """A command on a terminal of its own, as a person sees and answers it."""

    def __init__(self, *arguments: object) -> None:
        self.shown = ""
        self._end, other_end = pty.openpty()
        # A session of its own, whose terminal this is: a password is asked for there and nowhere else.
        command = ["setsid", "--ctty", "--wait", sys.executable, "-m", "workbench", "device", *map(str, arguments)]
        self._process = subprocess.Popen(command, stdin=other_end, stdout=other_end, stderr=other_end, cwd=ROOT)
        os.close(other_end)

    def wait_for(self, words: str, times: int = 1) -> None:
        end = time.monotonic() + ANSWER_S
        while self.shown.count(words) < times:
            assert time.monotonic() < end, self.shown
            if select.select([self._end], [], [], 0.2)[0]:
                self._read()

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def status(self) -> int:
        """Wait for the end and return the exit status."""
        while self._read():
            pass
        os.close(self._end)
        return self._process.wait(ANSWER_S)

    def _read(self) -> bool:
        try:
            data = os.read(self._end, 4096)
        except OSError:
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


def test_a_person_is_asked_for_the_fingerprint_and_the_password(ssh_device, tmp_path):
    if not ssh_device.account.password:
        pytest.skip("needs a user whose password is known: run the tests as root")
    make_key(tmp_path / "other")
    where = [f"{ssh_device.account.name}@127.0.0.1", "--port", ssh_device.port, "--key", tmp_path / "other"]
    declined = Terminal("add", "loop", *where)
    declined.wait_for("Is this your device?")
    declined.type("n\n")
    assert declined.status() == 1 and "nothing was sent to it" in declined.shown
    terminal = Terminal("add", "loop", *where)
    terminal.wait_for("SHA256:")
    terminal.wait_for("Is this your device?")
    terminal.type("y\n")
    terminal.wait_for("Password: ")
    terminal.type("wrong one\n")
    terminal.wait_for("refused the password")
    terminal.wait_for("Password: ", times=2)
    terminal.type(ssh_device.account.password + "\n")
    assert terminal.status() == 0
    assert "would run" in terminal.shown and [device.name for device in list_devices()] == ["loop"]
    assert ssh_device.account.password not in terminal.shown and "wrong one" not in terminal.shown
    assert "would run" in run("check", "loop", "--password-stdin", given=ssh_device.account.password + "\n")
