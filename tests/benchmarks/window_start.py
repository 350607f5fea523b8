"""From the start of the program to a window that is drawn and takes a key, against `import tensorflow` alone."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks import scene
from tests.benchmarks.figure import Figure
from tests.screen import has_xvfb, virtual_screen

ROUNDS = 5


def measure() -> list[Figure]:
    """Start both by turns; the window opens on a real X screen where Xvfb is installed."""
    with scene.home_folder() as home:
        if has_xvfb():
            with virtual_screen() as display:
                times = _start_by_turns(scene.environment(home, DISPLAY=display))
        else:
            times = _start_by_turns(scene.environment(home))
    window, tensorflow = statistics.median(times["window"]), statistics.median(times["tensorflow"])
    return [
        Figure(
            "window usable ÷ import tensorflow",
            window / tensorflow,
            "×",
            {
                "window s": window,
                "its first paint s": statistics.median(times["painted"]),
                "tensorflow s": tensorflow,
            },
            at_most=0.5,
            note="under Xvfb" if has_xvfb() else "offscreen",
        )
    ]


def _start_by_turns(variables: dict[str, str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"window": [], "painted": [], "tensorflow": []}
    for number in range(ROUNDS + 1):
        painted, usable = _start_window(variables)
        tensorflow = _import_tensorflow(variables)
        if number:  # The first turn fills the system's file cache and writes bytecode.
            times["painted"].append(painted)
            times["window"].append(usable)
            times["tensorflow"].append(tensorflow)
    return times


def _start_window(variables: dict[str, str]) -> tuple[float, float]:
    started_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.window_start"],
        cwd=scene.ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said, complaints = process.communicate()
    if not said.strip():
        raise RuntimeError(f"the window did not say that it is usable:\n{complaints[-4000:]}")
    told = json.loads(said.splitlines()[-1])
    return told["painted_s"] - started_s, told["usable_s"] - started_s


def _import_tensorflow(variables: dict[str, str]) -> float:
    started_s = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", "import tensorflow"], cwd=Path.home(), env=variables, capture_output=True, check=True
    )
    return time.monotonic() - started_s


def main() -> None:
    """Run the program as it is, with somebody watching who types a key into the first field once it is drawn."""
    from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow

    from workbench import app as program

    class Watcher(QObject):
        """Sees every event of the program."""

        painted_s = 0.0

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            if not self.painted_s and event.type() == QEvent.Type.Paint and isinstance(watched, QMainWindow):
                self.painted_s = time.monotonic()
                # After everything that this paint draws, and after what the program itself put off until then.
                QTimer.singleShot(0, self.type_key)
            return False

        def type_key(self) -> None:
            window = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMainWindow))
            field = next(field for field in window.findChildren(QLineEdit) if field.isVisible() and field.isEnabled())
            before = field.text()
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                key = QKeyEvent(kind, Qt.Key.Key_X, Qt.KeyboardModifier.NoModifier, "x")
                QCoreApplication.postEvent(field, key)
            QTimer.singleShot(0, lambda: self.look(window, field, before))

        def look(self, window: QMainWindow, field: QLineEdit, before: str) -> None:
            if field.text() == before:
                QTimer.singleShot(0, lambda: self.look(window, field, before))
                return
            field.repaint()
            scene.answer({"painted_s": self.painted_s, "usable_s": time.monotonic()})
            window.close()

    watcher = Watcher()
    make_application = program.make_application

    def watched(arguments: list[str]) -> QApplication:
        app = make_application(arguments)
        app.installEventFilter(watcher)
        return app

    program.make_application = watched
    sys.exit(program.run_window())


if __name__ == "__main__":
    main()
