"""What was heard and measured on the device, in SQLite; read from outside as JSON lines.

    python -m core.deploy.device.history DATA detections [--count 20]
    python -m core.deploy.device.history DATA readings [--after 0 | --last 100] [--follow]

`readings` says first whether the monitor is running (`monitor`: session, began_s, ended_s), then every reading after a
given one, or so many of the last. With --follow it goes on as they come, and says `monitor` again when that changes.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.deploy.device import lines
from core.deploy.device.settings import SettingsError

FILE_NAME = "history.sqlite"
READING_COLUMNS = ("battery_percent", "battery_volts", "on_mains", "cpu_temperature_c", "load_1min")

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE detections (id INTEGER PRIMARY KEY, time_s REAL, word TEXT, score REAL, heard_s REAL, did TEXT);
CREATE TABLE sessions (id INTEGER PRIMARY KEY, began_s REAL, ended_s REAL);
CREATE TABLE readings (id INTEGER PRIMARY KEY, session INTEGER, time_s REAL, battery_percent REAL, battery_volts REAL,
                       on_mains INTEGER, cpu_temperature_c REAL, load_1min REAL);
PRAGMA user_version = 1;
"""
_MOST_DETECTIONS = 100_000
_MOST_READINGS = 2_592_000
"""A month of one each second, some 150 MB: a card must not fill up because nobody said stop."""
_FOLLOW_S = 0.5

Row = dict[str, Any]


class History:
    """The file and one connection to it, for one thread at a time.

    Raises SettingsError when a newer program wrote the file, sqlite3.Error when it cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / FILE_NAME, timeout=5, isolation_level=None, check_same_thread=False)
        self._file.row_factory = sqlite3.Row
        # Readers do not wait for the writer then, and a card is not written to for every row.
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._create(folder / FILE_NAME)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def add_detection(self, time_s: float, word: str, score: float, heard_s: float, did: str) -> None:
        """Keep a word that was heard, and forget the oldest beyond a hundred thousand."""
        cursor = self._file.execute(
            "INSERT INTO detections (time_s, word, score, heard_s, did) VALUES (?, ?, ?, ?, ?)",
            (time_s, word, score, heard_s, did),
        )
        self._file.execute("DELETE FROM detections WHERE id <= ?", ((cursor.lastrowid or 0) - _MOST_DETECTIONS,))

    def detections(self, count: int) -> list[Row]:
        """Return the last words that were heard, the newest at the end."""
        found = self._file.execute("SELECT * FROM detections ORDER BY id DESC LIMIT ?", (count,))
        return [dict(row) for row in found][::-1]

    def begin_session(self, time_s: float) -> int:
        """Note that the monitor starts, and return the number of its session."""
        return self._file.execute("INSERT INTO sessions (began_s) VALUES (?)", (time_s,)).lastrowid or 0

    def end_session(self, session: int, time_s: float) -> None:
        """Note that the monitor stopped."""
        self._file.execute("UPDATE sessions SET ended_s = ? WHERE id = ?", (time_s, session))

    def last_session(self) -> Row | None:
        """Return the newest session {id, began_s, ended_s}; `ended_s` is None while it runs."""
        row = self._file.execute("SELECT * FROM sessions ORDER BY id DESC LIMIT 1").fetchone()
        return dict(row) if row else None

    def add_reading(self, session: int, time_s: float, values: Row) -> None:
        """Keep a reading, and forget the oldest beyond a month of one each second."""
        names = ("session", "time_s", *READING_COLUMNS)
        given = (session, time_s, *(values.get(name) for name in READING_COLUMNS))
        marks = ", ".join("?" * len(names))
        cursor = self._file.execute(f"INSERT INTO readings ({', '.join(names)}) VALUES ({marks})", given)
        self._file.execute("DELETE FROM readings WHERE id <= ?", ((cursor.lastrowid or 0) - _MOST_READINGS,))

    def readings(self, after: int = 0) -> Iterator[Row]:
        """Yield readings in their order, from the one after a number on."""
        for row in self._file.execute("SELECT * FROM readings WHERE id > ? ORDER BY id", (after,)):
            yield dict(row)

    def before_last(self, count: int) -> int:
        """Return the number of the reading that has so many after it."""
        newest = self._file.execute("SELECT max(id) FROM readings").fetchone()[0] or 0
        return max(0, newest - count)

    def _create(self, path: Path) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        version = self._file.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                self._file.execute(statement)
        self._file.execute("COMMIT")
        if version > _SCHEMA_VERSION:
            raise SettingsError(
                f"{path}: was written by a newer version (schema {version}, this one reads {_SCHEMA_VERSION}); "
                "deploy a model from that version, or move the file away"
            )


def _say_readings(history: History, after: int, session: Row | None) -> int:
    lines.say("monitor", **(session or {"id": None, "began_s": None, "ended_s": None}))
    return _say_new_readings(history, after)


def _say_new_readings(history: History, after: int) -> int:
    for row in history.readings(after):
        lines.say("reading", **row)
        after = row["id"]
    return after


def _follow(history: History, after: int, session: Row | None) -> None:
    while True:
        time.sleep(_FOLLOW_S)
        after = _say_new_readings(history, after)
        now = history.last_session()
        if now != session:
            session = now
            after = _say_readings(history, after, session)
        # Without a word now and then a reader that is gone would never be noticed.
        lines.say("waiting")


def main() -> None:
    """Say what the command line asks for."""
    parser = lines.CommandLine("history")
    parser.add_argument("data", type=Path)
    parser.add_argument("what", choices=("detections", "readings"))
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--after", type=int, default=0)
    parser.add_argument("--last", type=int)
    parser.add_argument("--follow", action="store_true")
    options = parser.parse_args()
    history = History(options.data)
    if options.what == "detections":
        for row in history.detections(options.count):
            lines.say("detected", **row)
        return
    session = history.last_session()
    after = options.after if options.last is None else history.before_last(options.last)
    after = _say_readings(history, after, session)
    if options.follow:
        _follow(history, after, session)


if __name__ == "__main__":
    sys.exit(lines.run(main))
