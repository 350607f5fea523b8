"""The command that records takes of words, one second each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.model_argument import DeviceOption
from workbench.commands.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

MOST_SILENT_TAKES = 3


def record(
    label: Annotated[list[str], typer.Option("--label", metavar="WORD", help="Word to say; repeatable, in turns.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder that gets a sub-folder per word.", show_default=False)
    ],
    takes: Annotated[int, typer.Option("--count", metavar="N", min=1, max=10_000, help="Takes of each word.")] = 10,
    speaker: Annotated[
        str,
        typer.Option("--speaker", metavar="NAME", help="Who speaks: the same name gives the same eight digits."),
    ] = "",
    pause: Annotated[float, typer.Option("--pause", metavar="S", min=0, max=60, help="Time before each take.")] = 1.0,
    take_seconds: Annotated[
        float, typer.Option("--take-seconds", metavar="S", min=1, max=10, help="Length of a take before it is trimmed.")
    ] = 2.0,
    device: DeviceOption = None,
    as_json: AsJson = False,
) -> None:
    """Record takes of words as a data set: of each take the loudest second is kept and saved at once.

    Example: `workbench record --label go --label stop --count 10 --speaker Ada --out clips`
    """
    from core.audio.microphone import Microphone
    from core.datasets.recordings import SAMPLE_RATE, check_folder, check_label, speaker_id
    from workbench import console
    from workbench.commands.microphone_stream import blocks

    for word in label:
        check_label(word)
    check_folder(out)
    who = speaker_id(speaker)
    saved: list[dict[str, Any]] = []
    with Microphone(SAMPLE_RATE, device) as microphone:
        name = microphone.device.name
        console.say(f"Recording from {name} as speaker {who}; Ctrl+C ends it, what is saved stays.")
        stream = blocks(microphone)
        for number in range(takes):
            for word in label:
                console.say(f"{word}, take {number + 1} of {takes}, in {pause:g} s")
                _gather(stream, round(pause * SAMPLE_RATE))
                saved.append(_record_take(stream, take_seconds, out, word, who))
                console.say(f"  {saved[-1]['file']}: {saved[-1]['advice']}")
    if as_json:
        console.answer({"folder": str(out), "speaker": who, "device": name, "takes": saved})
    else:
        console.note(f"{len(saved)} takes in {out}")


def _record_take(
    stream: "Iterator[NDArray[np.float32]]", seconds: float, out: Path, word: str, speaker: str
) -> dict[str, Any]:
    """Record one take until something was heard, and save it. Raises AudioError when nothing is."""
    from core.audio.loudness import measure_loudness
    from core.datasets.recordings import SAMPLE_RATE, save_take, trim_take
    from core.errors import AudioError
    from core.evaluation.advice import fault_of_sound
    from workbench import console

    for attempt in range(MOST_SILENT_TAKES):
        console.say("Nothing was heard; once more." if attempt else f"Say {word} now")
        clip = trim_take(_gather(stream, round(seconds * SAMPLE_RATE)), SAMPLE_RATE)
        loudness = measure_loudness(clip, SAMPLE_RATE)
        if not loudness.is_silent:
            take = save_take(out, word, speaker, clip)
            advice = fault_of_sound(loudness) or "good"
            return {"file": str(take.path), "label": word, "peak": loudness.peak, "advice": advice}
    raise AudioError("Nothing was heard in three takes: check that the right microphone is chosen and not muted")


def _gather(stream: "Iterator[NDArray[np.float32]]", num_samples: int) -> "NDArray[np.float32]":
    """Return the next samples of a stream, at least so many."""
    import numpy as np

    heard = [np.zeros(0, np.float32)]
    while sum(map(len, heard)) < num_samples:
        heard.append(next(stream))
    return np.concatenate(heard)
