"""What a program on a device says: one JSON object a line on stdout, `kind` first."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from core.deploy.device.settings import SettingsError
from core.errors import WorkbenchError

DONE, FAILED, MISCONFIGURED = 0, 1, 2
"""Exit statuses; the last is for what starting again cannot mend."""

_STATES = (
    "listening", "interrupted", "resumed", "warned", "failed", "ended", "forecasting", "forecast", "waiting"
)  # fmt: skip

_state_file: Path | None = None


class CommandLine(argparse.ArgumentParser):
    """The options of a program; what it does not know is said in a line as every error is, and not in usage."""

    def error(self, message: str) -> NoReturn:
        """Raise SettingsError."""
        raise SettingsError(
            f"the program {self.prog} of this release does not understand what it was asked ({message}); deploy the "
            "model again, so that desktop and device are of one version"
        )


def keep_state(path: Path) -> None:
    """From now on, keep the last line about the state of this process in a file, for who cannot read the journal."""
    global _state_file
    _state_file = path


def say(kind: str, **values: Any) -> None:
    """Write one line at once."""
    # Kept before it is said, so that who hears of a state finds it in the file.
    if _state_file is not None and kind in _STATES:
        _keep({"kind": kind, "pid": os.getpid(), "time_s": time.time(), "message": values.get("message", "")})
    sys.stdout.write(json.dumps({"kind": kind, **values}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _keep(state: dict[str, Any]) -> None:
    assert _state_file is not None
    unfinished = _state_file.with_suffix(".part")
    try:
        unfinished.write_text(json.dumps(state, ensure_ascii=False) + "\n", encoding="utf-8")
        unfinished.replace(_state_file)
    except OSError:
        # A full card must not end the listening; the line itself was said.
        return


def run(work: Callable[[], None]) -> int:
    """Do the work of a program and return its exit status; an error becomes a line of the kind `failed`."""
    # A device without a locale would refuse the words of other languages.
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        work()
    except WorkbenchError as error:
        say("failed", message=str(error))
        return MISCONFIGURED if isinstance(error, SettingsError) else FAILED
    except KeyboardInterrupt:
        return FAILED
    except BrokenPipeError:
        # Nobody listens any more; Python would complain once again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except (OSError, sqlite3.Error) as error:
        where = getattr(error, "filename", None) or "a file of this program"
        reason = getattr(error, "strerror", None) or error
        say("failed", message=f"{where} cannot be used ({reason}); free some space there, or mount it writable")
        return FAILED
    return DONE
