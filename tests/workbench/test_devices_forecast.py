"""The Devices page with a trial that forecasts: deployed by a click, measured, and asked for forecasts."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from core.deploy.devices import keep_device
from core.events import ignore
from core.experiment.device_trials import deploy_trial
from core.experiment.store import Study
from tests.series import write_series
from tests.ssh_server import SshDevice
from tests.workbench.conftest import WORKER_MS
from workbench import app
from workbench.jobs import Jobs
from workbench.main_window import MainWindow
from workbench.pages.devices import DevicesPage
from workbench.preferences import Preferences
from workbench.session import Session

LEFT = Qt.MouseButton.LeftButton
STEP = timedelta(minutes=10)
# The offscreen plugin says so of any window with a smallest size; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


@pytest.fixture
def study(session: Session, series_study: Path) -> Study:
    session.open_study(series_study)
    return session.opened()


@pytest.fixture
def window(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, study: Study, ssh_device: SshDevice
) -> MainWindow:
    """The window at its Devices page, with the server in its list and its key trusted."""
    ssh_device.provision()
    keep_device(ssh_device.device)
    ssh_device.connect().close()
    window = MainWindow(session, jobs, preferences, app.PAGES)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.show_page("Devices")
    session.select((study.summaries()[0].name,))
    return window


def settled(qtbot: QtBot, page: DevicesPage) -> None:
    qtbot.waitUntil(lambda: not page.talk.open, timeout=WORKER_MS)


def click(button: QAbstractButton) -> None:
    assert button.isVisible() and button.isEnabled()
    QTest.mouseClick(button, LEFT)


def shown_tabs(page: DevicesPage) -> list[str]:
    return [page.tabs.tabText(place) for place in range(page.tabs.count()) if page.tabs.isTabVisible(place)]


def test_a_click_deploys_a_forecaster_and_another_one_forecasts(
    qtbot: QtBot, window: MainWindow, study: Study, ssh_device: SshDevice
) -> None:
    page = window.page("Devices")
    [trial] = study.summaries()
    assert shown_tabs(page) == ["Deploy and measure", "Forecast"]
    assert "errors on test windows" in page.deploying.nothing.text()
    qtbot.waitUntil(page.deploying.deploy.isEnabled)
    click(page.deploying.deploy)
    qtbot.waitUntil(lambda: bool(page.deploying.table.figure(1, "window")), timeout=WORKER_MS)
    settled(qtbot, page)
    assert window.message.isHidden(), window.message.text.text()
    latency = study.result(trial.name).latency_on("loop")
    assert latency.run.errors.agrees
    qtbot.waitUntil(page.deploying.to_charts.isVisible)
    assert "°C" in page.deploying.measured.text() and "as here" in page.deploying.measured.text()
    click(page.deploying.to_charts)
    charts = window.page("Trials").charts
    qtbot.waitUntil(lambda: charts.latency_chart.layer.points.names == (trial.name,))
    assert 10 ** charts.latency_chart.layer.points.x[0] == pytest.approx(latency.total.median_ms)
    window.show_page("Devices")
    page.tabs.setCurrentWidget(page.forecast)
    _forecast(qtbot, page, ssh_device)
    window.session.open_study(Study.create(study.folder.with_name("another")).folder)
    assert shown_tabs(page) == ["Deploy and measure", "Listening service", "Monitor", "Live"]


def _forecast(qtbot: QtBot, page: DevicesPage, ssh_device: SshDevice) -> None:
    panel = page.forecast
    settled(qtbot, page)
    assert panel.service.status.state == "absent" and panel.service.install.isVisible()
    click(panel.once)
    assert "Name the CSV file on the device" in page.line.words.text() and not page.talk.open
    end = datetime.now().replace(second=0, microsecond=0)
    write_series(ssh_device.home / "weather.csv", num_rows=20, begin=end - 19 * STEP)
    QTest.keyClicks(panel.form.place, "weather.csv")
    click(panel.once)
    settled(qtbot, page)
    assert panel.chart.isVisible() and len(panel.chart.charts) == 2
    assert (panel.table.rowCount(), panel.table.columnCount()) == (12, 4)
    assert panel.table.item(5, 0).text().endswith(f"{end:%H:%M}") and panel.table.item(6, 1).text() == "forecast"
    panel.form.place.setText("nowhere.csv")
    click(panel.once)
    settled(qtbot, page)
    assert "nowhere.csv: cannot be read (No such file or directory)" in page.line.words.text()


@pytest.mark.slow
def test_a_sensor_is_followed_while_its_panel_is_in_sight(
    qtbot: QtBot, window: MainWindow, study: Study, ssh_device: SshDevice
) -> None:
    page = window.page("Devices")
    panel = page.forecast
    with ssh_device.connect() as connection:
        deploy_trial(connection, study, study.summaries()[0].name, ignore)
    page.tabs.setCurrentWidget(panel)
    settled(qtbot, page)
    panel.form.kind.setCurrentIndex(2)
    panel.form.place.setText("echo Temp=21.3*  Humidity=45.2%")
    click(panel.follow)
    qtbot.waitUntil(lambda: "has 1 of the 6 values" in panel.state.text(), timeout=WORKER_MS)
    assert panel.follow.text() == "Stop" and not panel.once.isEnabled()
    page.tabs.setCurrentWidget(page.deploying)
    settled(qtbot, page)
    qtbot.waitUntil(lambda: not ssh_device.processes("core.deploy.device.forecast"))
    assert panel.follow.text() == "Follow"
