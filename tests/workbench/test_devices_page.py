"""The Devices page against a real SSH server: met, trusted, deployed to by a click, measured, heard, watched."""

import csv
import os
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from core.deploy import passwords
from core.deploy.devices import Device, config_root, keep_device, list_devices
from core.deploy.host_keys import KnownHosts
from core.deploy.monitor_log import Reading
from core.evaluation.detection import DetectionSettings
from core.events import ignore
from core.experiment.device_trials import deploy_trial
from core.experiment.model_choice import choose_model
from core.experiment.spotting import save_working_point
from core.experiment.store import Study
from tests.ssh_server import SshDevice, make_key
from tests.workbench.conftest import WORKER_MS, show
from workbench import app, number_format
from workbench.devices.sentence import rich
from workbench.jobs import Jobs
from workbench.main_window import MainWindow
from workbench.pages.devices import DevicesPage
from workbench.plots.monitor_chart import series
from workbench.preferences import Preferences
from workbench.session import Session

RATE = 16000
LEFT = Qt.MouseButton.LeftButton
# The offscreen plugin says so of any window with a smallest size; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


@pytest.fixture
def page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, ssh_device: SshDevice) -> DevicesPage:
    """The page as it is before there is any device; the server is there, and its environment."""
    ssh_device.provision()
    return show(qtbot, DevicesPage(session, jobs, preferences))


@pytest.fixture
def known(page: DevicesPage, ssh_device: SshDevice) -> DevicesPage:
    """The page with the server in its list, its key trusted."""
    meet(ssh_device)
    page.read()
    return page


@pytest.fixture
def study(session: Session, tone_trial: Path, tmp_path: Path) -> Study:
    """A study of one's own with a trained trial."""
    shutil.copytree(tone_trial.parents[1], tmp_path / "study")
    session.open_study(tmp_path / "study")
    return session.opened()


@pytest.fixture
def speaking(known: DevicesPage, speaking_device: SshDevice) -> SshDevice:
    """The server of the page, with a model and a file of high and rising tones, each two seconds."""
    return speaking_device


def meet(ssh_device: SshDevice) -> None:
    keep_device(ssh_device.device)
    ssh_device.connect().close()


def settled(qtbot: QtBot, page: DevicesPage) -> None:
    """Wait until everything that was asked is answered."""
    qtbot.waitUntil(lambda: not page.talk.open, timeout=WORKER_MS)


def click(button: QAbstractButton) -> None:
    assert button.isVisible() and button.isEnabled()
    QTest.mouseClick(button, LEFT)


def seen(*widgets: QWidget) -> list[bool]:
    return [widget.isVisible() for widget in widgets]


def type_device(page: DevicesPage, ssh_device: SshDevice) -> None:
    """Fill in the panel by keys, as a user does."""
    device = ssh_device.device
    for line, text in (
        (page.form.host, f"{device.user}@{device.host}"),
        (page.form.name, device.name),
        (page.form.port, str(device.port)),
        (page.form.key, device.key),
    ):
        line.selectAll()
        QTest.keyClicks(line, text)


def test_a_device_is_met_by_its_fingerprint_and_nothing_is_kept_before_it_is_trusted(
    qtbot: QtBot, page: DevicesPage, ssh_device: SshDevice
) -> None:
    assert page.empty.isVisible() and not page.list.isVisible()
    click(page.empty.button)
    type_device(page, ssh_device)
    click(page.form.add)
    qtbot.waitUntil(lambda: bool(page.talk.questions), timeout=WORKER_MS)
    public = ssh_device.folder / "host.pub"
    said = subprocess.run(["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True)
    assert said.stdout.split()[1] in page.line.words.text()
    assert seen(page.line.accept, page.line.refuse, page.line.password, page.line.keep) == [True, True, False, False]
    click(page.line.refuse)
    assert not page.line.isVisible() and page.form.isVisible()
    assert list_devices() == () and not KnownHosts().path.exists()
    click(page.form.add)
    qtbot.waitUntil(lambda: page.line.accept.isVisible(), timeout=WORKER_MS)
    click(page.line.accept)
    qtbot.waitUntil(lambda: page.whole.isVisible(), timeout=WORKER_MS)
    assert list_devices() == (ssh_device.device,)
    assert page.list.rows.item(0).text() == "loop\n127.0.0.1 · ready"
    assert not page.line.isVisible() and not page.provision.isVisible()
    qtbot.waitUntil(lambda: "Nothing that models need is missing" in page.deploying.sentences.text())


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_hosts_of_the_ssh_config_are_offered_while_one_is_typed(
    qtbot: QtBot, page: DevicesPage, own_ssh_folder: Path
) -> None:
    (own_ssh_folder / "config").write_text("Host kitchen attic\n  HostName 10.0.0.7\nHost *\n  User pi\n")
    click(page.empty.button)
    QTest.keyClicks(page.form.host, "Itch")
    popup = page.form.host.completer().popup()
    qtbot.waitUntil(popup.isVisible)
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Return)
    assert page.form.host.text() == "kitchen" and not page.talk.open


def test_a_click_on_deploy_ends_with_a_device_latency_on_the_pareto_chart(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, study: Study, ssh_device: SshDevice
) -> None:
    ssh_device.provision()
    meet(ssh_device)
    window = MainWindow(session, jobs, preferences, app.PAGES)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.show_page("Devices")
    page = window.page("Devices")
    [trial] = study.summaries()
    session.select((trial.name,))
    assert page.deploying.trial.trial == trial.name
    qtbot.waitUntil(page.deploying.deploy.isEnabled)
    click(page.deploying.deploy)
    qtbot.waitUntil(lambda: bool(page.deploying.table.figure(1, "total")), timeout=WORKER_MS)
    settled(qtbot, page)
    assert window.message.isHidden(), window.message.text.text()
    result = study.result(trial.name)
    latency = result.latency_on("loop")
    assert latency.total.median_ms > 0 and latency.run.accuracy.agrees
    qtbot.waitUntil(page.deploying.to_charts.isVisible)
    assert page.deploying.table.figure(1, "total") == number_format.milliseconds(latency.total.median_ms)
    assert page.book.report.facts.release == latency.run.release
    qtbot.waitUntil(lambda: latency.run.release in page.deploying.releases.text())
    click(page.deploying.to_charts)
    assert window.shown == "Trials"
    charts = window.page("Trials").charts
    qtbot.waitUntil(lambda: charts.latency_chart.layer.points.names == (trial.name,))
    assert charts.device.currentText() == "loop"
    assert 10 ** charts.latency_chart.layer.points.x[0] == pytest.approx(latency.total.median_ms)


def test_roll_back_puts_the_release_before_in_force(
    qtbot: QtBot, known: DevicesPage, study: Study, ssh_device: SshDevice
) -> None:
    [trial] = study.summaries()
    with ssh_device.connect() as connection:
        first = deploy_trial(connection, study, trial.name, ignore)
        save_working_point(choose_model(study.folder_of(trial.name)), DetectionSettings(threshold=0.9))
        second = deploy_trial(connection, study, trial.name, ignore)
    click(known.check)
    settled(qtbot, known)
    qtbot.waitUntil(known.deploying.roll_back.isVisible)
    assert known.deploying.releases.text().index(second) < known.deploying.releases.text().index("active")
    # As where a service does not run it.
    ssh_device.put_tool("systemctl", 'case "$*" in *show*) echo ActiveState=failed;; *) exit 1;; esac')
    unit = ssh_device.home / ".config/systemd/user/tinyml-workbench-listener.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    click(known.deploying.roll_back)
    settled(qtbot, known)
    assert f"{first} is active, but loop: " in known.line.words.text()
    assert (ssh_device.base / "current").readlink().name == first
    assert known.book.report.facts.release == first


def test_a_changed_key_is_refused_without_a_way_round(qtbot: QtBot, known: DevicesPage, ssh_device: SshDevice) -> None:
    ssh_device.change_host_key()
    click(known.check)
    settled(qtbot, known)
    assert "is not the one remembered" in known.line.words.text() and "ssh-keygen -R" in known.line.words.text()
    assert seen(known.line.accept, known.line.password) == [False, False]
    assert known.list.rows.item(0).text().endswith("not reached")
    click(known.line.refuse)
    assert not known.line.isVisible()


def test_a_device_that_is_down_is_a_sentence(qtbot: QtBot, known: DevicesPage, ssh_device: SshDevice) -> None:
    ssh_device.stop()
    click(known.check)
    settled(qtbot, known)
    assert f"takes no SSH connection at port {ssh_device.port}" in known.line.words.text()
    ssh_device.start()
    click(known.check)
    settled(qtbot, known)
    assert known.list.rows.item(0).text().endswith("ready")
    assert not known.line.isVisible()


def test_a_password_is_asked_only_when_it_is_wanted_and_needless_once_the_key_is_installed(
    qtbot: QtBot, known: DevicesPage, ssh_device: SshDevice, own_ssh_folder: Path, tmp_path: Path
) -> None:
    if not ssh_device.account.password:
        pytest.skip("needs root, to make a user whose password is known")
    keep_device(ssh_device.device.model_copy(update={"key": ""}))
    known.read()
    click(known.check)
    qtbot.waitUntil(known.line.password.isVisible, timeout=WORKER_MS)
    assert seen(known.line.accept, known.line.keep) == [True, passwords.can_keep()]
    assert not known.line.accept.isEnabled()
    QTest.keyClicks(known.line.password, "wrong")
    click(known.line.accept)
    qtbot.waitUntil(lambda: "refused the password" in known.line.words.text(), timeout=WORKER_MS)
    QTest.keyClicks(known.line.password, ssh_device.account.password)
    QTest.keyClick(known.line.password, Qt.Key.Key_Return)
    settled(qtbot, known)
    assert known.book.report is not None and not known.line.isVisible()
    make_key(own_ssh_folder / "id_ed25519")
    known.install_key()
    settled(qtbot, known)
    assert "no password is asked any more" in known.line.words.text()
    assert (own_ssh_folder / "id_ed25519.pub").read_text() == (ssh_device.home / ".ssh/authorized_keys").read_text()
    secret = ssh_device.account.password
    assert secret not in "\n".join([*known.talk.jobs.log, *known.talk.short.log, known.line.words.text()])
    known.preferences._settings.sync()
    for folder in (tmp_path, config_root()):
        for path in folder.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_a_device_is_removed_once_the_user_is_sure(qtbot: QtBot, known: DevicesPage, ssh_device: SshDevice) -> None:
    known.ask_uninstallation()
    click(known.line.refuse)
    assert not known.line.isVisible() and not known.talk.open
    keep_device(Device(name="another", host="192.0.2.1"))
    known.read()
    known.ask_uninstallation()
    known.choose("another")
    assert not known.line.isVisible()
    known.remove_device("another", uninstall=False)
    settled(qtbot, known)
    known.ask_uninstallation()
    click(known.line.accept)
    settled(qtbot, known)
    assert list_devices() == () and not ssh_device.base.exists()
    assert known.empty.isVisible() and not known.list.isVisible()


def test_what_the_device_hears_is_streamed_and_nothing_waits_for_it(
    qtbot: QtBot, known: DevicesPage, speaking: SshDevice
) -> None:
    known.tabs.setCurrentWidget(known.live)
    known.live.hearing.source.setCurrentIndex(1)
    click(known.live.listen)
    assert "Name the WAV file" in known.line.words.text() and not known.live.is_active
    QTest.keyClicks(known.live.hearing.line, str(speaking.home / "words.wav"))
    click(known.live.listen)
    qtbot.waitUntil(lambda: bool(known.live.detections), timeout=WORKER_MS)
    assert known.live.detections[0].label in ("high", "rising")
    assert known.live.timeline.labels[:2] == ("_silence_", "high")
    picture = known.live.features
    assert picture.isVisible() and (picture.scale.kind, picture.scale.count) == ("mfcc", 10)
    qtbot.waitUntil(lambda: picture.appended > 50)
    # As many columns as hops of 20 ms, and the loudness of a tone stands out from that of the noise before it.
    assert abs(picture.appended - known.live.timeline.appended) < 50
    loudness = picture.values.newest(picture.appended)[:, 0]
    assert np.ptp(loudness) > 5
    assert speaking.processes("core.deploy.device.spot")
    click(known.check)
    qtbot.waitUntil(lambda: known.book.report is not None, timeout=WORKER_MS)
    assert known.live.is_active
    known.tabs.setCurrentWidget(known.deploying)
    settled(qtbot, known)
    qtbot.waitUntil(lambda: not speaking.processes("core.deploy.device.spot"))
    assert not known.live.is_active
    # A worker that dies leaves nothing running on the device, and the next one goes on.
    known.tabs.setCurrentWidget(known.live)
    click(known.live.listen)
    qtbot.waitUntil(lambda: bool(known.live.detections), timeout=WORKER_MS)
    os.kill(known.talk.streams.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: "was killed by signal 9" in known.line.words.text(), timeout=WORKER_MS)
    assert "The release that was active on the device still is" in known.line.words.text() and not known.live.is_active
    qtbot.waitUntil(lambda: not speaking.processes("core.deploy.device.spot"), timeout=WORKER_MS)


def test_what_is_to_be_typed_looks_like_it_and_is_no_markup() -> None:
    text = rich("set it by `echo <b> > x`, else & so")
    assert text.startswith("set it by <span style='font-family:") and text.endswith("</span>, else &amp; so")
    assert ">echo &lt;b&gt; &gt; x</span>" in text and "`" not in text


def test_the_line_of_the_monitor_is_broken_between_sessions_and_where_nothing_was_logged() -> None:
    said = [(1, 0.0), (1, 1.0), (2, 3.0), (2, 4.0), (2, 100.0)]
    found = [Reading(id=place, session=session, time_s=at, load_1min=1) for place, (session, at) in enumerate(said)]
    times, values = series(found, "load_1min")
    assert times == [0, 1, 1, 3, 4, 4, 100] and np.isnan(values).tolist() == [
        False,
        False,
        True,
        False,
        False,
        True,
        False,
    ]


def test_words_act_on_the_device_and_its_monitor_is_drawn_and_exported(
    qtbot: QtBot, known: DevicesPage, speaking: SshDevice, tmp_path: Path
) -> None:
    panel, monitor = known.service, known.monitor
    known.tabs.setCurrentWidget(panel)
    settled(qtbot, known)
    assert list(panel.words.rows) == ["high", "low", "rising"], known.line.words.text()
    high = panel.words.rows["high"]
    fields = (high.command, high.topic, panel.words.message_row, panel.words.monitor_row)
    assert seen(*fields) == [False] * 4
    high.kind.setCurrentIndex(2)
    high.edited.emit()
    assert seen(high.command, high.topic, panel.words.message_row, panel.words.monitor_row) == [
        False,
        True,
        True,
        False,
    ]
    click(panel.install)
    assert "Type the topic that “high” sends to" in known.line.words.text()
    high.kind.setCurrentIndex(3)
    high.edited.emit()
    panel.words.interval.setValue(0.1)
    panel.hearing.source.setCurrentIndex(1)
    panel.hearing.line.setText(str(speaking.home / "words.wav"))
    click(panel.install)
    settled(qtbot, known)
    assert "Running" in panel.state.text() and seen(panel.start, panel.stop, panel.uninstall) == [False, True, True]
    known.tabs.setCurrentWidget(monitor)
    click(monitor.follow)
    qtbot.waitUntil(lambda: len(monitor.chart.readings) >= 3, timeout=WORKER_MS)
    assert monitor.state.running and "load_1min" in monitor.chart.told
    ids = [reading.id for reading in monitor.chart.readings]
    assert ids == list(range(1, len(ids) + 1))
    qtbot.waitUntil(lambda: list(monitor.chart.charts) == monitor.chart.told)
    monitor.export_to(tmp_path / "monitor.csv")
    qtbot.waitUntil(lambda: (tmp_path / "monitor.csv").exists(), timeout=WORKER_MS)
    with (tmp_path / "monitor.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 3 and float(rows[0]["load_1min"]) >= 0
    known.tabs.setCurrentWidget(panel)
    settled(qtbot, known)
    # As in a window that was opened since.
    panel.hearing.show_source("", "")
    click(panel.look)
    settled(qtbot, known)
    assert panel.hearing.wav == str(speaking.home / "words.wav")
    assert "high" in panel.heard.item(panel.heard.count() - 1).text()
    click(panel.uninstall)
    settled(qtbot, known)
    assert "Not installed" in panel.state.text()
