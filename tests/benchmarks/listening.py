"""What listening costs a device: processor time of the listening loop with system E's networks, here."""

import time
from pathlib import Path

import numpy as np
import psutil

from core.audio.wav import Sound, write_wav
from core.datasets.preprocessing import Preprocessing, save_preprocessing
from core.section import override
from core.spec import KeywordSpottingSpec, parse_spec
from tests.benchmarks import scene
from tests.benchmarks.figure import Figure
from tests.device import DeviceProgram, bare_environment, make_release
from tests.sound import missing_programs, sound_server

SPECS = {"8 kHz, 4 × 128 filters": "system-e-c", "16 kHz, 3 × 128 filters": "system-e-b"}
SETTLING_S, LISTENING_S = 2.0, 15.0
AT_MOST_PERCENT = 10.0


def measure() -> list[Figure]:
    """Let each network listen to a microphone, or where there is none to a file at the pace of real time."""
    figures = []
    for what, name in SPECS.items():
        with scene.home_folder() as home:
            release = make_release(home / "release", untrained_trial(home / "trial", name))
            measured = _listen(release, home)
        figures.append(
            Figure(
                f"listening service, E's ds_cnn, {what}",
                100 * sum(measured.values()) / LISTENING_S,
                "% of a core",
                {f"{process} s": taken for process, taken in measured.items()} | {"of s": LISTENING_S},
                at_most=AT_MOST_PERCENT,
            )
        )
    return figures


def untrained_trial(folder: Path, name: str) -> Path:
    """Fill a folder with a network of a starter spec as it is before training, which runs no faster or slower."""
    from core.compression import convert, slim
    from core.experiment.spec_file import load_values
    from core.models import assembly, registry

    folder.mkdir()
    path = scene.ROOT / "resources" / "specs" / f"{name}.toml"
    spec = parse_spec(override(load_values(path), "dataset.folder", str(folder)), str(path))
    assert isinstance(spec, KeywordSpottingSpec)
    shape = spec.features.input_shape(spec.num_samples)
    net = registry.build(spec.model, shape, len(spec.dataset.labels))
    inputs = np.random.default_rng(0).normal(size=(8, *shape)).astype(np.float32)
    model = convert.convert(assembly.assemble(net, spec.training.seed), spec.quantization, inputs)
    (folder / "model.tflite").write_bytes(slim.slim(model))
    preprocessing = Preprocessing(
        features=spec.features, clip_duration_ms=spec.dataset.clip_duration_ms, labels=spec.dataset.labels
    )
    save_preprocessing(preprocessing, folder)
    return folder


def _listen(release: Path, home: Path) -> dict[str, float]:
    """Return the seconds of processor time that each process of the loop took."""
    environment = bare_environment(home / "bare")
    kept = ("--data", home / "data", "--state", home / "state.json")
    if missing_programs():
        noise = np.random.default_rng(0).normal(0, 0.05, int(16000 * (SETTLING_S + LISTENING_S + 10)))
        write_wav(home / "noise.wav", Sound(noise.astype(np.float32), 16000))
        source = ("--wav", home / "noise.wav", "--pace", 1)
        with DeviceProgram(release, "spot", *source, *kept, environment=environment) as program:
            return _processor_time(program)
    with (
        sound_server() as microphone,
        DeviceProgram(release, "spot", *kept, environment=environment | microphone.environment) as program,
    ):
        return _processor_time(program)


def _processor_time(program: DeviceProgram) -> dict[str, float]:
    program.until("listening")
    time.sleep(SETTLING_S)
    loop = psutil.Process(program.pid)
    processes = {"loop": loop, **{process.name(): process for process in loop.children()}}
    before = {name: _taken_s(process) for name, process in processes.items()}
    time.sleep(LISTENING_S)
    return {name: _taken_s(process) - before[name] for name, process in processes.items()}


def _taken_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
