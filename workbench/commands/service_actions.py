"""What words do, as it is typed: `go=monitor:start`, `up=run:aplay yes.wav`, `down=mqtt:home/lamp=off`."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from core.deploy.device.actions import Action

FORMS = "WORD=monitor:start, WORD=monitor:stop, WORD=run:COMMAND, WORD=mqtt:TOPIC or WORD=mqtt:TOPIC=PAYLOAD"


def parse_actions(typed: list[str]) -> dict[str, "Action"]:
    """Return the table that was typed; words that do nothing are left out. Raises typer.BadParameter."""
    parsed = (_parse(entry) for entry in typed)
    return {word: action for word, action in parsed if action is not None}


def _parse(entry: str) -> tuple[str, "Action | None"]:
    from core.deploy.device.actions import Command, Logging, Message

    word, equals, action = entry.partition("=")
    kind, _, rest = action.partition(":")
    if word and equals and kind == "nothing" and not rest:
        return word, None
    if word and kind == "run" and rest:
        return word, Command(rest)
    if word and kind == "mqtt" and rest:
        topic, _, payload = rest.partition("=")
        return word, Message(topic, payload)
    if word and kind == "monitor" and rest in ("start", "stop"):
        return word, Logging("start" if rest == "start" else "stop")
    raise typer.BadParameter(f"{FORMS} or WORD=nothing is wanted, not {entry!r}")
