"""What the battery monitor of a device wrote, and whether it runs."""

import csv
from collections.abc import Generator, Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, TextIO

from pydantic import BaseModel, Field

from core.deploy import programs
from core.deploy.connection import Connection
from core.deploy.device.history import FILE_NAME, READING_COLUMNS
from core.deploy.layout import Layout
from core.deploy.told import TOLD, TimeSeconds, objects, understood

# Asked of no program of a release, for what is deployed may be of another task or version. Where there is no file there
# was no session.
_END_SESSION = """
import os, sqlite3, sys
if os.path.exists(sys.argv[1]):
    with sqlite3.connect(sys.argv[1], timeout=5) as history:
        history.execute(
            "UPDATE sessions SET ended_s = coalesce((SELECT max(time_s) FROM readings WHERE session = sessions.id), "
            "began_s) WHERE ended_s IS NULL"
        )
"""

CSV_COLUMNS = ("time", "session", *READING_COLUMNS)


class _Told(BaseModel):
    model_config = {**TOLD, "populate_by_name": True}


class MonitorState(_Told):
    """The newest session of the monitor; times in seconds since 1970 by the device's clock."""

    session: int | None = Field(None, alias="id", description="None when there was none yet.")
    began_s: TimeSeconds | None = None
    ended_s: TimeSeconds | None = None

    @property
    def running(self) -> bool:
        """Whether it logs at this moment."""
        return self.session is not None and self.ended_s is None


class Reading(_Told):
    """One look at the device; None is what it does not tell."""

    id: int
    session: int
    time_s: TimeSeconds = Field(description="Seconds since 1970, by the device's clock.")
    battery_percent: float | None = None
    battery_volts: float | None = None
    on_mains: bool | None = None
    cpu_temperature_c: float | None = None
    load_1min: float | None = None


def readings(connection: Connection) -> Generator[MonitorState | Reading, None, None]:
    """Yield the state of the monitor, then all that it wrote. Raises DeviceError."""
    return _told(connection)


def last_readings(connection: Connection, count: int) -> Generator[MonitorState | Reading, None, None]:
    """Yield the state of the monitor, then so many of its last readings. Raises DeviceError."""
    return _told(connection, f"--last={count}")


def follow_readings(connection: Connection, count: int) -> Generator[MonitorState | Reading, None, None]:
    """Yield the same and go on as the monitor writes, saying its state again when that changes, until closed."""
    return _told(connection, f"--last={count}", "--follow")


def end_session(connection: Connection) -> None:
    """Note that the monitor ended with its last reading, once nothing runs any more that would go on with it."""
    layout = Layout(connection.home)
    connection.run(str(layout.python), "-c", _END_SESSION, str(layout.data / FILE_NAME))


def write_csv(found: Iterable[Reading], file: TextIO) -> int:
    """Write readings with their times in UTC (ISO 8601), and return how many there were."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    count = 0
    for reading in found:
        count += 1
        time = datetime.fromtimestamp(reading.time_s, UTC).isoformat(timespec="milliseconds")
        writer.writerow((time, reading.session, *(_cell(getattr(reading, name)) for name in READING_COLUMNS)))
    return count


def _told(connection: Connection, *options: str) -> Generator[MonitorState | Reading, None, None]:
    lines = programs.lines(connection, "history", str(Layout(connection.home).data), "readings", *options)
    with closing(objects(lines, connection.name)) as told:
        for values in told:
            if values["kind"] == "monitor":
                yield understood(MonitorState, values, connection.name)
            elif values["kind"] == "reading":
                yield understood(Reading, values, connection.name)


def _cell(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
