"""What was measured differs in every run; an input is to be the same one, so that its number names it."""

import json
from typing import Any

_SET = ("features", "hop_ms", "threshold", "frame_step_ms", "step_minutes")
_MEASURED = ("pid", "resident_bytes", "peak_resident_bytes", "num_runs")


def steady(values: Any) -> Any:
    """Return JSON values with every measured number replaced by one that is always the same; what was set stays."""
    match values:
        case float():
            return 0.25
        case dict():
            return {name: _steady(name, value) for name, value in values.items()}
        case list():
            return [steady(value) for value in values]
    return values


def _steady(name: str, value: Any) -> Any:
    if name in _SET:
        return value
    return 4096 if name in _MEASURED else steady(value)


def steady_lines(content: bytes) -> bytes:
    """Return lines of JSON made steady, each."""
    lines = [json.dumps(steady(json.loads(line)), ensure_ascii=False) for line in content.splitlines()]
    return "".join(f"{line}\n" for line in lines).encode()
