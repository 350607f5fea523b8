"""The scene of the README's pictures of an experiment that forecasts: real measurements, trained by clicks."""

import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.benchmarks.window import OpenedWindow
from tests.series import REAL_CLIMATE
from tests.workbench.camera import camera
from workbench.form.starter_specs import starters

STARTERS = ("system-f", "system-f-tiny", "system-f-lstm", "system-f-course")


def main(study: Path, target: Path) -> None:
    """Train starters one after another beside a study, and keep what the screen shows of table, trial and forecasts."""
    if not REAL_CLIMATE.is_file():
        print(f"The pictures of forecasts need real measurements in {REAL_CLIMATE}.", file=sys.stderr)
        return
    with OpenedWindow(study.with_name("climate")) as opened:
        shoot = camera(opened, target)
        opened.window.choose_theme("light")
        train(opened)
        opened.window.show_page("Data")
        table = opened.window.page("Data").series
        opened.until(lambda: table.report is not None)
        # Where the file lies is a folder of this machine, which nobody else has.
        table.sources.file.setText(f"~/{REAL_CLIMATE.name}")
        shoot("series-light")
        opened.window.show_page("Trials")
        page = opened.window.page("Trials")
        opened.session.select((opened.session.opened().summaries()[0].name,))
        opened.until(lambda: page.details.forecast.charts.chart.period is not None)
        page.details.verticalScrollBar().setValue(page.details.forecast_section.y())
        shoot("forecast-light")
        opened.window.choose_theme("dark")
        QTest.mouseClick(page.details.forecast.enlarge, Qt.MouseButton.LeftButton)
        opened.until(lambda: page.forecasts.charts.chart.period is not None)
        shoot("forecasts-dark")


def train(opened: OpenedWindow) -> None:
    """Begin with each starter and click on Train."""
    opened.window.show_page("Experiment")
    page = opened.window.page("Experiment")
    for found in starters("forecasting"):
        if found.file in STARTERS:
            page.use_spec(found.spec_for(str(REAL_CLIMATE)))
            QTest.mouseClick(page.train_button, Qt.MouseButton.LeftButton)
    opened.until(lambda: opened.jobs.running is None and not opened.jobs.waiting)
    opened.session.refresh()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
