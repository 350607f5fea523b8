"""What a program on a device says: one JSON object a line on stdout, `kind` first."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from core.deploy.device.settings import SettingsError
from core.errors import WorkbenchError

DONE, FAILED, MISCONFIGURED = 0, 1, 2
"""Exit statuses; the last is for what starting again cannot mend."""


def say(kind: str, **values: Any) -> None:
    """Write one line at once."""
    sys.stdout.write(json.dumps({"kind": kind, **values}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


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
    return DONE
