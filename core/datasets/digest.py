"""Cache keys."""

import hashlib
import os

import numpy as np


def digest(*parts: str | np.ndarray) -> str:
    """Return a key of 24 hexadecimal digits for what a result depends on."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(os.fsencode(part) if isinstance(part, str) else part.tobytes())
        whole.update(b"\0")
    return whole.hexdigest()[:24]
