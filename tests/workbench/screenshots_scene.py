"""The scene of the README's pictures: runs under the virtual screen that `screenshots` started."""

import sys
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest

from core.events import EpochEnded, Event
from tests.benchmarks.clips import WORDS
from tests.benchmarks.window import OpenedWindow, starter
from tests.conftest import REAL_CLIPS
from tests.workbench.screenshots import EPOCHS_SEEN, LIVE, LIVE_EPOCHS, VARIED

TURNS = 80
SEEN_CLIP = 2
UNFOLDED = ["features", "model"]


def main(study: Path, target: Path) -> None:
    """Drive the window through its pages and keep what the screen shows."""
    target.mkdir(parents=True, exist_ok=True)
    with OpenedWindow(study) as opened:
        screen = opened.app.primaryScreen()
        opened.window.setGeometry(screen.geometry())
        opened.until_ready()

        def shoot(name: str) -> None:
            QCursor.setPos(QPoint(screen.geometry().width() - 1, screen.geometry().height() - 1))
            for _ in range(TURNS):  # Counted, not timed: a busy machine draws late.
                QTest.qWait(10)
            picture = screen.grabWindow(0)
            assert not picture.isNull() and picture.save(str(target / f"{name}.png")), f"{name} could not be written"
            print(target / f"{name}.png", flush=True)

        finished = [trial.name for trial in opened.session.study.summaries()]
        opened.window.choose_theme("light")
        show_clips(opened)
        shoot("data-light")
        judge_clips(opened, finished[6])
        opened.window.choose_theme("dark")
        shoot("data-dark")
        opened.window.choose_theme("light")
        show_training(opened)
        shoot("experiment-light")
        opened.window.choose_theme("dark")
        shoot("experiment-dark")
        opened.window.show_page("Trials")
        opened.session.select((finished[6],))
        shoot("trials-dark")
        opened.window.choose_theme("light")
        shoot("trials-light")
        opened.session.select((finished[6], finished[0]))
        shoot("compare-light")
        vary(opened)
        shoot("sweep-light")
        opened.jobs.cancel(opened.jobs.running.id)
        opened.until(lambda: opened.jobs.running is None)


def show_clips(opened: OpenedWindow) -> None:
    """List the real clips, eight words of them ticked, and go to one of them."""
    opened.window.show_page("Data")
    page = opened.window.page("Data")
    page.use_folder(str(REAL_CLIPS))
    opened.until(lambda: page.catalogue is not None)
    page.use_only((*WORDS, "_silence_", "_unknown_"))
    opened.until(lambda: not page.reader.is_busy)
    page.labels.select_label("stop")
    page.browser.table.go_to(SEEN_CLIP)


def judge_clips(opened: OpenedWindow, trial: str) -> None:
    """Let a trial find the clips that sound unlike their label."""
    page = opened.window.page("Data")
    page.use_only(("go", "stop"))
    page.work.judge(trial, page.folder)
    opened.until(lambda: page.sources.judge.text() != "Judge" and not page.reader.is_busy)


def show_training(opened: OpenedWindow) -> None:
    """Click Train on a starter spec and wait until its curves have some epochs."""
    epochs: list[int] = []

    def hear(event: Event) -> None:
        if isinstance(event, EpochEnded):
            epochs.append(event.epoch)

    opened.window.show_page("Experiment")
    page = opened.window.page("Experiment")
    spec = starter(LIVE, REAL_CLIPS, ("go", "stop"), training__seed=1, training__epochs=LIVE_EPOCHS)
    opened.session.spec_requested.emit(spec)
    page.form.unfold(UNFOLDED)
    with opened.listening(hear):
        QTest.mouseClick(page.train_button, Qt.MouseButton.LeftButton)
        opened.until(lambda: len(epochs) >= EPOCHS_SEEN or opened.jobs.running is None)
    if opened.jobs.running is None:
        raise RuntimeError("the trial ended too soon to be seen in training:\n" + "\n".join(opened.jobs.log))


def vary(opened: OpenedWindow) -> None:
    """Make two settings vary, as a user does: the mark beside the field, then values."""
    opened.window.show_page("Experiment")
    page = opened.window.page("Experiment")
    page.form.unfold(["features"])
    for path, values in VARIED.items():
        row = page.form.rows[path]
        page.form.focus_field(path)
        QTest.mouseClick(row.mark, Qt.MouseButton.LeftButton)
        row.axis.selectAll()
        QTest.keyClicks(row.axis, values)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
