"""The listening loop: sound in, words out, and what they set off.

    python -m core.deploy.device.spot [--wav PATH …] [--pace 1] [--data DIR] [--actions FILE] [--state FILE]
                                      [--stream [--features]]

Run in a release folder. Listens to the microphone, or to WAV files and folders of them, one after another as one
stream: as fast as it can, or with --pace at that multiple of real time. With --data it keeps what it heard, with
--actions it acts on it, with --state the last word about its state stays in a file. Lines on stdout:

    listening    labels, sample_rate, hop_ms, threshold, source, frame_step_ms, features, runtime, pid
    detected     word, score, time_s (since 1970), heard_s (since listening), did, and of a file: file, file_s
    step         heard_s, level_dbfs, probabilities, smoothed, and with --features columns; only with --stream
    interrupted  message, pause_s: the microphone is gone and will be tried again
    resumed      all is well again; after the microphone was gone, heard_s begins anew
    warned       message
    ended        heard_s: the last file was heard
"""

from __future__ import annotations

import core.deploy.device.one_thread  # noqa: F401 (before numpy)  # isort: skip

import argparse
import dataclasses
import math
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio import wav
from core.deploy.device import lines
from core.deploy.device.actions import Actions, Actor, read_actions
from core.deploy.device.history import History
from core.deploy.device.monitor import Monitor
from core.deploy.device.recorder import microphone_blocks
from core.deploy.device.resampler import Resampler
from core.deploy.device.runtime import open_network, runtime_name
from core.deploy.device.settings import SettingsError, read_settings
from core.errors import DataError
from core.evaluation.detection import Detection
from core.evaluation.spotter import Step, StreamSpotter

_BLOCK_S = 0.05
_PACE_S = 10.0
_TOO_BUSY, _AT_LEISURE = 0.9, 0.3
_LONGEST_HOP_MS = 500.0
_DIGITS = 4

Float32 = NDArray[np.float32]
Place = dict[str, Any]


class Pace:
    """Makes the network run more seldom while the device cannot keep up; better late by a hop than more with each."""

    def __init__(self, spotter: StreamSpotter) -> None:
        self._spotter = spotter
        self._wanted = spotter.settings
        self._taken_s = self._heard_s = 0.0

    def heard(self, heard_s: float, taken_s: float) -> None:
        """Note how long a stretch of sound took."""
        self._heard_s += heard_s
        self._taken_s += taken_s
        if self._heard_s < _PACE_S:
            return
        hop_ms = self._spotter.settings.hop_ms
        share = self._taken_s / self._heard_s
        if share > _TOO_BUSY and 2 * hop_ms <= _LONGEST_HOP_MS:
            self._run_every(2 * hop_ms)
        elif share < _AT_LEISURE and hop_ms > self._wanted.hop_ms:
            self._run_every(hop_ms / 2)
        self._taken_s = self._heard_s = 0.0

    def _run_every(self, hop_ms: float) -> None:
        """Set the hop and say so; of a longer one fewer posteriors fit into the window, and fewer must do."""
        seldom = round(hop_ms / self._wanted.hop_ms)
        count = max(1, self._wanted.minimum_count // seldom)
        self._spotter.settings = dataclasses.replace(self._wanted, hop_ms=hop_ms, minimum_count=count)
        if hop_ms == self._wanted.hop_ms:
            lines.say("resumed")
            return
        lines.say(
            "warned",
            message=f"this device is too slow or too busy to run the model every {self._wanted.hop_ms:g} ms; "
            f"it now runs every {hop_ms:g} ms",
        )


class Listener:
    """Hears blocks of sound and does what follows from them."""

    def __init__(
        self, spotter: StreamSpotter, act: Callable[[Detection], str], history: History | None, say_step: SayStep | None
    ) -> None:
        self._spotter = spotter
        self._act = act
        self._history = history
        self._say_step = say_step

    def hear(self, block: Float32, place: Place) -> None:
        """Take the next samples; `place` says where in a file they end."""
        for step in self._spotter.push(block):
            if self._say_step is not None:
                self._say_step(step, block)
            if step.detection is not None:
                self._detected(step.detection, place)

    def _detected(self, detection: Detection, place: Place) -> None:
        now_s, did = time.time(), self._act(detection)
        score, heard_s = round(detection.score, _DIGITS), round(detection.time_s, _DIGITS)
        lines.say("detected", word=detection.label, score=score, time_s=now_s, heard_s=heard_s, did=did, **place)
        if self._history is not None:
            try:
                self._history.add_detection(now_s, detection.label, score, heard_s, did)
            except sqlite3.Error as error:
                lines.say("warned", message=f"what was heard cannot be kept ({error}); free space on the device")


SayStep = Callable[[Step, Float32], None]


def say_step(step: Step, block: Float32) -> None:
    """Say what one hop gave."""
    lines.say("step", **_step(step, block))


def say_step_with_features(step: Step, block: Float32) -> None:
    """Say what one hop gave, and the frames that it completed."""
    lines.say("step", **_step(step, block), columns=_rounded(step.columns))


def _step(step: Step, block: Float32) -> dict[str, Any]:
    power = float(np.mean(np.square(block)))
    return {
        "heard_s": round(step.time_s, _DIGITS),
        "level_dbfs": round(10 * math.log10(power), 1) if power else None,
        "probabilities": _rounded(step.probabilities),
        "smoothed": _rounded(step.smoothed),
    }


def _rounded(values: NDArray[Any]) -> list[Any]:
    rounded: list[Any] = np.round(values.astype(np.float64), _DIGITS).tolist()
    return rounded


def wav_blocks(paths: list[Path], sample_rate: int) -> Iterator[tuple[Float32, Place]]:
    """Yield WAV files block by block, each with where in its file it ends. Raises DataError naming a file."""
    for path in paths:
        form = wav.read_format(path)
        resampler = Resampler(form.sample_rate, sample_rate)
        heard = 0
        for block in wav.read_blocks(path, form.sample_rate, _BLOCK_S):
            heard += len(block)
            yield resampler.push(block), {"file": str(path), "file_s": round(heard / form.sample_rate, _DIGITS)}


def find_wavs(given: list[Path]) -> list[Path]:
    """Return the WAV files named, and those in the folders named, by name. Raises DataError when there is none."""
    found = []
    for path in given:
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in wav.SUFFIXES)
        found += inside if path.is_dir() else [path]
    if not found:
        raise DataError(f"{', '.join(map(str, given))}: has no WAV file; name one, or a folder of some")
    return found


def listen_to_files(
    paths: list[Path], listener: Listener, sample_rate: int, pace: float, between: Callable[[], None]
) -> None:
    """Hear files one after another; a `pace` of 0 is as fast as can be."""
    began_s, heard_s = time.monotonic(), 0.0
    for block, place in wav_blocks(paths, sample_rate):
        heard_s += len(block) / sample_rate
        if pace:
            time.sleep(max(0.0, began_s + heard_s / pace - time.monotonic()))
        listener.hear(block, place)
        between()
    lines.say("ended", heard_s=round(heard_s, _DIGITS))


def listen_to_microphone(device: str, listener: Listener, spotter: StreamSpotter, between: Callable[[], None]) -> None:
    """Hear the microphone until the process is ended."""

    def interrupted(message: str, pause_s: float) -> None:
        lines.say("interrupted", message=message, pause_s=pause_s)

    pace = Pace(spotter)
    is_back = False
    for block in microphone_blocks(spotter.sample_rate, device, interrupted, time.sleep):
        if block is None:
            spotter.restart()
            is_back = True
            continue
        if is_back and len(block):
            lines.say("resumed")
            is_back = False
        began_s = time.monotonic()
        listener.hear(block, {})
        pace.heard(len(block) / spotter.sample_rate, time.monotonic() - began_s)
        between()


def main() -> None:
    """Listen as the command line says."""
    parser = lines.CommandLine("spot")
    parser.add_argument("--release", type=Path, default=Path())
    parser.add_argument("--wav", type=Path, action="append")
    parser.add_argument("--pace", type=float, default=0.0)
    parser.add_argument("--microphone", default="")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--actions", type=Path)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--features", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    listen(parser.parse_args())


def listen(options: argparse.Namespace) -> None:
    """Put the parts together and listen. Raises WorkbenchError."""
    if options.state:
        lines.keep_state(options.state)
    settings = read_settings(options.release)
    spotter = StreamSpotter(open_network(options.release, settings, options.threads), settings, settings.detection)
    actions = read_actions(options.actions) if options.actions else Actions()
    history = _open_history(options.data)
    actor = _actor(actions, options.data)
    steps: SayStep | None = None
    if options.stream:
        steps = say_step_with_features if options.features else say_step
    listener = Listener(spotter, actor.act, history, steps)
    files = find_wavs(options.wav) if options.wav else []
    microphone = options.microphone or actions.microphone
    lines.say(
        "listening",
        labels=settings.labels,
        sample_rate=spotter.sample_rate,
        hop_ms=spotter.settings.hop_ms,
        threshold=spotter.settings.threshold,
        source=f"{len(files)} files" if files else f"microphone {microphone}".strip(),
        frame_step_ms=settings.features.frame_step_ms,
        features=dataclasses.asdict(settings.features),
        runtime=runtime_name(),
        pid=os.getpid(),
    )
    if files:
        listen_to_files(files, listener, spotter.sample_rate, options.pace, actor.look_after)
    else:
        listen_to_microphone(microphone, listener, spotter, actor.look_after)


def _warn(message: str) -> None:
    lines.say("warned", message=message)


def _actor(actions: Actions, data: Path | None) -> Actor:
    if actions.needs("monitor") and data is None:
        raise SettingsError("the monitor needs a folder to write into; give it with --data")
    monitor = Monitor(data or Path(), _warn, actions.monitor_interval_s, actions.battery_command)
    return Actor(actions, monitor, _warn)


def _open_history(data: Path | None) -> History | None:
    if data is None:
        return None
    try:
        return History(data)
    except (sqlite3.Error, OSError) as error:
        _warn(f"{data}: what is heard cannot be kept ({error}); free space on the device")
        return None


if __name__ == "__main__":
    sys.exit(lines.run(main))
