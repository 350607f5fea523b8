"""Cache keys."""

import hashlib

import numpy as np


def digest(*parts: str | np.ndarray) -> str:
    """Return a key of 24 hexadecimal digits for what a result depends on."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode() if isinstance(part, str) else part.tobytes())
        whole.update(b"\0")
    return whole.hexdigest()[:24]
