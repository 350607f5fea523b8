"""The Features page at work: what its pictures cost, what is lost of the sound, and how late sound becomes a picture.

The real window of 1280 × 800 shows ten seconds at 16 kHz as waveform, spectrogram, log-mel picture and MFCCs, on a
virtual screen where Xvfb is installed, while a virtual microphone (`tests/sound.py`) hears noise.

- **Cost**: processor time of the whole process, PortAudio's thread and the window's other timers included, while it
  draws 30 pictures a second; then as many as it can at 60.
- **Lost**: every sample that the page heard is held against the noise that was played, bit by bit, for 20 s; with
  ``--seconds 600`` for ten minutes.
- **Sound to picture**: a burst of noise is played by a program of its own (`paplay`) 40 times, in no step with the
  window's timer. The clock starts before that program is started, so its start and the sound server's way count too,
  and stops when the first picture with the burst in its newest column has been drawn and the event loop is free
  again, that is after the window system was given it.
- **Class difference**: from the request for another label to the drawn result, 2 × 350 clips read from disk; then for
  another setting, the clips being in memory.
"""

import contextlib
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from tests.benchmarks import clips, scene
from tests.benchmarks.figure import Figure
from tests.screen import has_xvfb, virtual_screen
from tests.sound import VirtualMicrophone, missing_programs, sound_server

RATE = 16000
SECONDS, FAST_SECONDS = 20, 10
FAST_STEP_MS = 10.0
BURSTS = 40
LOUD = 0.1
"""A burst's samples lie above it; between the bursts there is silence."""
LOUD_DB = -60
LABELS = ("go", "stop")


def measure(seconds: int = SECONDS) -> list[Figure]:
    """Show live sound for `seconds`, faster for ten more, then bursts, then the class difference."""
    if missing := missing_programs():
        raise clips.MissingError(f"a virtual microphone needs {missing}")
    with scene.home_folder() as home, _screen() as variables:
        folder, _ = clips.clips_and_labels(home)
        # The program keeps numpy to one thread before it loads it; here numpy is loaded first.
        variables |= {"OPENBLAS_NUM_THREADS": "1"}
        found = scene.play("live_viewer", home, str(seconds), str(folder), **variables)
    screen = "under Xvfb" if has_xvfb() else "offscreen"
    usual, fast, late = found["usual"], found["fast"], found["late"]
    return [
        Figure("live viewer at 30 pictures a second", usual["core_percent"], "% of a core", usual, 10, note=screen),
        Figure(
            "live viewer asked for 60 a second",
            fast["pictures_per_s"],
            "/s",
            fast,
            at_least=59,
            note=f"frame step {FAST_STEP_MS:g} ms, {screen}",
        ),
        Figure(
            "samples lost while it is drawn",
            found["lost"],
            "samples",
            {
                "compared": found["compared"],
                "silent while the player was late": found["waited_for_player"],
                "dropped blocks": found["dropped_blocks"],
                "s": seconds,
            },
            at_most=0,
        ),
        Figure(
            "sound to spectrogram, median",
            statistics.median(late["spectrogram"]),
            "ms",
            _spread(late["spectrogram"]) | {"waveform median ms": statistics.median(late["waveform"])},
            at_most=60,
        ),
        Figure(
            "class difference, 2 labels to drawn",
            found["difference"]["cold_s"],
            "s",
            found["difference"],
            at_most=1,
            note=clips.description(),
        ),
    ]


@contextlib.contextmanager
def _screen() -> Iterator[dict[str, str]]:
    if not has_xvfb():
        yield {}
        return
    with virtual_screen(1280, 800) as display:
        yield {"DISPLAY": display}


def _spread(values: list[float]) -> dict[str, float]:
    ranked = sorted(values)
    return {"p95 ms": ranked[int(0.95 * len(ranked))], "longest ms": ranked[-1], "bursts": len(ranked)}


def main(seconds: int, folder: Path) -> None:
    """Play the scene."""
    with sound_server() as microphone:
        os.environ.update(microphone.environment)
        from tests.benchmarks.window import OpenedWindow

        with OpenedWindow() as opened:
            page = _listen(opened, folder)
            found = _watch(opened, page.live, microphone, seconds)
            found["fast"] = _watch_fast(page)
            found["late"] = _time_bursts(opened, page.live, microphone)
            page.live.feed.stop()
            found["difference"] = _time_difference(opened, page, folder)
    scene.answer(found)


def _listen(opened: Any, folder: Path) -> Any:
    """Show the page as a user does, and listen to the microphone that gives what is played bit by bit."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from core.spec import Dataset, Features

    opened.window.show_page("Features")
    page = opened.window.page("Features")
    opened.session.tell_spec(
        page.experiment.model_copy(update={"features": Features(), "dataset": Dataset(folder=str(folder))})
    )
    QTest.mouseClick(page.live.source.microphone, Qt.MouseButton.LeftButton)
    menu = page.live.source.device
    menu.setCurrentIndex(next(index for index in range(menu.count()) if menu.itemData(index).name == "lab_mic"))
    QTest.mouseClick(page.live.source.listen, Qt.MouseButton.LeftButton)
    opened.until(lambda: page.live.view.pictures["spectrogram"].appended > 0)
    return page


class _Cost:
    """Processor time and pictures from here on."""

    def __init__(self, live: Any) -> None:
        self._frame = live.view.pictures["mfcc"]
        self._process = psutil.Process()
        self._painted = 0
        original = self._frame.paint_picture

        def count(*arguments: Any) -> None:
            self._painted += 1
            original(*arguments)

        self._frame.paint_picture = count
        self._started, self._before = time.perf_counter(), self._process.cpu_times()

    def figures(self) -> dict[str, float]:
        del self._frame.paint_picture
        after, passed = self._process.cpu_times(), time.perf_counter() - self._started
        used = after.user + after.system - self._before.user - self._before.system
        # A machine whose every core is busy takes turns from the window, and with them pictures.
        return {
            "core_percent": 100 * used / passed,
            "pictures_per_s": self._painted / passed,
            "work per picture ms": 1000 * used / self._painted,
            "processes waiting for a core": os.getloadavg()[0],
        }


def _watch(opened: Any, live: Any, microphone: VirtualMicrophone, seconds: int) -> dict[str, Any]:
    # Odd numbers: no sample is silent, so the first one that is heard is the first that was played.
    played = (2 * np.random.default_rng(0).integers(-1500, 1500, seconds * RATE) + 1).astype(np.int16)
    heard: list[np.ndarray] = []
    live.feed.heard.connect(heard.append)
    playing = microphone.play_samples(played / 32768)
    opened.until(lambda: any(block.any() for block in heard[-3:]))
    cost = _Cost(live)
    _wait(seconds - 1)
    usual = cost.figures()
    opened.until(lambda: playing.poll() is not None)
    state = live.feed._microphone.state
    live.feed.heard.disconnect(heard.append)
    samples = np.rint(np.concatenate(heard) * 32768).astype(np.int16)
    sounding = np.flatnonzero(samples)
    common = samples[sounding[: len(played)]]
    # What is still on its way when the player ends is not lost.
    lost = int((common != played[: len(common)]).sum())
    # A player that comes too late leaves silence between its samples, which no other part of the way can put in.
    waited = int(sounding[len(common) - 1] - sounding[0] + 1 - len(common))
    return {
        "usual": usual,
        "lost": lost,
        "compared": len(common),
        "waited_for_player": waited,
        "dropped_blocks": state.dropped_blocks,
    }


def _watch_fast(page: Any) -> dict[str, float]:
    """Ask for 60 pictures a second, of frames that come often enough for each to show another one."""
    page.draft.set("features.frame_step_ms", FAST_STEP_MS)
    page.live.feed._timer.setInterval(16)
    _wait(1)
    cost = _Cost(page.live)
    _wait(FAST_SECONDS)
    figures = cost.figures()
    page.live.feed._timer.setInterval(33)
    page.take_experiments()
    return figures


def _wait(seconds: float) -> None:
    """Let the event loop turn, and do nothing else."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def _time_bursts(opened: Any, live: Any, microphone: VirtualMicrophone) -> dict[str, list[float]]:
    from PySide6.QtCore import QTimer

    from core.audio.wav import Sound, write_wav

    path = Path(os.environ["TINYML_WORKBENCH_CACHE"]) / "burst.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, RATE // 10).astype(np.float32)
    write_wav(path, Sound(noise, RATE))
    seen: dict[str, float] = {}

    def watch(name: str, frame: Any, is_loud: Any) -> None:
        original = frame.paint_picture

        def paint(*arguments: Any) -> None:
            original(*arguments)
            if name not in seen and is_loud(frame):
                seen[name] = 0.0
                QTimer.singleShot(0, lambda: seen.__setitem__(name, time.perf_counter()))

        frame.paint_picture = paint

    watch("waveform", live.view.waveform, _is_loud_wave)
    watch("spectrogram", live.view.pictures["spectrogram"], _is_loud_picture)
    dealt = random.Random(0)
    late: dict[str, list[float]] = {"waveform": [], "spectrogram": []}
    for _ in range(BURSTS):
        pause = time.perf_counter() + dealt.uniform(0.25, 0.35)
        opened.until(lambda pause=pause: time.perf_counter() > pause)
        seen.clear()
        started = time.perf_counter()
        microphone.play(path)
        opened.until(lambda: len(seen) == 2 and all(seen.values()), 20)
        for name, at in seen.items():
            late[name].append(1000 * (at - started))
    return late


def _is_loud_wave(frame: Any) -> bool:
    return bool(np.abs(frame.samples.newest(1600)).max() > LOUD)


def _is_loud_picture(frame: Any) -> bool:
    return bool(frame.values.newest(3).max() > LOUD_DB)


def _time_difference(opened: Any, page: Any, folder: Path) -> dict[str, float]:
    from core.datasets.clips import label_names

    panel = page.difference
    names = [label for label in LABELS if label in label_names(folder)] or list(label_names(folder)[:2])
    page.tabs.setCurrentWidget(panel)
    opened.until(lambda: panel.results)
    panel.first.setCurrentText(names[0])
    panel.second.setCurrentText(names[1])
    panel.read_clips_again()
    cold = _time_result(opened, panel)
    page.draft.set("features.upper_edge_hertz", 8000.0)
    warm = _time_result(opened, panel)
    return {"cold_s": cold, "warm_s": warm, "clips": sum(panel.results[0].counts)}


def _time_result(opened: Any, panel: Any) -> float:
    before, started = panel.results, time.perf_counter()
    opened.until(lambda: panel.results is not before)
    opened.settle()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
