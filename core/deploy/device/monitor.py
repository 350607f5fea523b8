"""The battery monitor that a word starts and another stops: power, temperature and load at intervals, into SQLite."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.deploy.device import board
from core.deploy.device.history import History, Row
from core.deploy.device.power import read_power

INTERVAL_S = 1.0


class Monitor:
    """Logs in a thread of its own, because a battery's command may take seconds while the microphone must be heard.

    `warn` hears a sentence, once, when something begins to fail; what fails then is missing in the readings.
    """

    def __init__(
        self,
        data: Path,
        warn: Callable[[str], None],
        interval_s: float = INTERVAL_S,
        command: str = "",
        root: Path = board.ROOT,
    ) -> None:
        self._data = data
        self._warn = warn
        self._interval_s = interval_s
        self._command = command
        self._root = root
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._troubles: dict[str, str] = {}

    @property
    def running(self) -> bool:
        """Whether it logs."""
        return self._thread is not None

    def resume(self) -> bool:
        """Go on with a session that nobody stopped, and return True; none is there most times.

        The device was switched off then, or the service started again. This, `start` and `stop` raise sqlite3.Error
        when the file cannot be written.
        """
        history = History(self._data)
        last = history.last_session()
        if last and last["ended_s"] is None:
            self._begin(history, last["id"])
            return True
        history.close()
        return False

    def start(self) -> bool:
        """Begin a session and return True; nothing happens when one runs."""
        if self.running:
            return False
        history = History(self._data)
        self._begin(history, history.begin_session(time.time()))
        return True

    def stop(self) -> bool:
        """End the session and return True; nothing happens when none runs.

        What is being read meanwhile is dropped, not waited for.
        """
        if not self.running:
            return False
        self._ending.set()
        self._thread = None
        history = History(self._data)
        last = history.last_session()
        if last:
            history.end_session(last["id"], time.time())
        history.close()
        return True

    def _begin(self, history: History, session: int) -> None:
        self._ending = threading.Event()
        self._thread = threading.Thread(
            target=self._log, args=(history, session, self._ending), name="monitor", daemon=True
        )
        self._thread.start()

    def _log(self, history: History, session: int, ending: threading.Event) -> None:
        due_s = time.monotonic()
        while True:
            values = self._read()
            if ending.is_set():
                break
            self._keep(history, session, values)
            # After a pause of the whole device there is nothing to catch up on.
            due_s = max(due_s + self._interval_s, time.monotonic())
            if ending.wait(due_s - time.monotonic()):
                break
        history.close()

    def _read(self) -> Row:
        values: Row = {
            "cpu_temperature_c": board.cpu_temperature_c(self._root),
            "load_1min": board.load_1min(self._root),
        }
        try:
            values.update(read_power(self._root, self._command))
            self._unless_said("power", "")
        except ValueError as error:
            self._unless_said("power", str(error))
        return values

    def _keep(self, history: History, session: int, values: Row) -> None:
        try:
            history.add_reading(session, time.time(), values)
            self._unless_said("file", "")
        except sqlite3.Error as error:
            self._unless_said("file", f"{self._data}: the monitor cannot write ({error}); free space on the device")

    def _unless_said(self, source: str, trouble: str) -> None:
        if trouble and not self._troubles.get(source):
            self._warn(trouble)
        self._troubles[source] = trouble
