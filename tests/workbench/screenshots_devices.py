"""The scene of the README's pictures of the Devices page: a real SSH server on this machine stands for the device."""

import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from core.audio.wav import Sound, write_wav
from core.deploy.devices import Device, keep_device
from tests.benchmarks.window import OpenedWindow
from tests.ssh_server import Account, SshDevice, commands_without_python, running_device
from tests.workbench.camera import camera
from tests.workbench.screenshots import SPOTTING
from tests.workbench.screenshots_scene import EVERY_S, SPOKEN, SPOTTED, speech
from workbench.pages.devices import DevicesPage

NAME, ALIAS = "kitchen", "kitchen.local"
SEEN_S = 10.3


def main(study: Path, target: Path) -> None:
    """Measure two trials on the device and listen there, and keep what the screen shows."""
    account = Account()
    try:
        with commands_without_python() as tools, running_device(account, tools) as device:
            device.provision()
            introduce(device)
            with OpenedWindow(study) as opened:
                shoot_devices(opened, device, target, study.with_name(SPOTTING))
    finally:
        account.close()


def introduce(device: SshDevice) -> None:
    """Let ~/.ssh/config say where it is, as a user would, and trust its key."""
    folder = Path("~/.ssh").expanduser()
    folder.mkdir(parents=True)
    (folder / "config").write_text(
        f"Host {ALIAS}\n  HostName 127.0.0.1\n  Port {device.port}\n  User {device.account.name}\n"
        f"  IdentityFile {device.key}\n"
    )
    device.connect().close()
    keep_device(Device(name=NAME, host=ALIAS))
    write_wav(device.home / "words.wav", Sound(speech(SPOKEN, EVERY_S, SPOTTED), 16000))
    device.account.give(device.home)


def shoot_devices(opened: OpenedWindow, device: SshDevice, target: Path, spotting: Path) -> None:
    """Deploy one trial after another, then hear what the one meant for it makes of words that nobody trained on."""
    shoot = camera(opened, target)
    trials = trial_names(opened)
    opened.window.choose_theme("light")
    opened.window.show_page("Devices")
    page = opened.window.page("Devices")
    for trial in (trials[6], trials[5]):
        deploy(opened, page, trial)
    shoot("devices-light")
    opened.window.choose_theme("dark")
    opened.session.open_study(spotting)
    deploy(opened, page, trial_names(opened)[0])
    page.tabs.setCurrentWidget(page.live)
    page.live.hearing.source.setCurrentIndex(1)
    QTest.keyClicks(page.live.hearing.line, str(device.home / "words.wav"))
    click(page.live.listen)
    opened.until(lambda: page.live.timeline.newest_s > SEEN_S)
    # Where the sound lies is a folder of this scene, which nobody has.
    page.live.hearing.line.setText("/home/pi/words.wav")
    shoot("devices-dark")
    click(page.live.listen)
    settle(opened, page)


def trial_names(opened: OpenedWindow) -> list[str]:
    return [trial.name for trial in opened.session.opened().summaries()]


def deploy(opened: OpenedWindow, page: DevicesPage, trial: str) -> None:
    """Select a trial, click on Deploy, and wait until it is measured."""
    opened.session.select((trial,))
    opened.until(page.deploying.deploy.isEnabled)
    click(page.deploying.deploy)
    settle(opened, page)
    assert opened.window.message.isHidden(), "\n".join(opened.jobs.log)


def click(button: QAbstractButton) -> None:
    assert button.isVisible() and button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def settle(opened: OpenedWindow, page: DevicesPage) -> None:
    """Wait until everything that was asked of the device is answered."""
    opened.until(lambda: not page.talk.open)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
