"""The scene of `deploy`: a worker as the window has it, and a device at the other end of a real SSH server."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from core.deploy.devices import keep_device
from core.deploy.provision import provision
from core.events import Event, LatencyMeasured
from core.experiment import runner
from core.experiment.device_jobs import BenchmarkOnDevice, DeployTrial
from core.experiment.spec_file import apply_settings, load_values
from core.experiment.store import Study
from core.spec import parse_spec
from tests.benchmarks import clips, scene
from tests.ssh_server import Account, SshDevice, commands_without_python, running_device
from workbench.worker_process import WorkerProcess

SYSTEM_E = Path("resources/specs/system-e-a.toml")
# How long it was trained changes no latency.
BRIEFLY = [
    "training.epochs=1",
    "pruning.fine_tuning_epochs=1",
    "dataset.max_clips_per_label=60",
    "measurement.num_runs=20",
    "training.keep=last",
]
RUNS = 200
REDEPLOYMENTS = 3


def main() -> None:
    """Train, provision, then measure what a click would do."""
    home = Path(sys.argv[1])
    folder, labels = clips.clips_and_labels(home)
    study = Study.create(home / "study")
    names = [_train(study, folder, labels, seed) for seed in (0, 1)]
    account = Account()
    try:
        with commands_without_python() as tools, running_device(account, tools) as device:
            scene.answer(_measure(device, study, names, next((folder / (labels or ("low",))[0]).glob("*.wav"))))
    finally:
        account.close()


def _train(study: Study, folder: Path, labels: tuple[str, ...], seed: int) -> str:
    told = [*BRIEFLY, f"training.seed={seed}", f"dataset.folder={json.dumps(str(folder))}"]
    told.append(f"dataset.labels={json.dumps(list(labels))}")
    name = study.add(parse_spec(apply_settings(load_values(SYSTEM_E), told)))
    runner.run(study, name)
    return name


def _measure(device: SshDevice, study: Study, names: list[str], clip: Path) -> dict[str, Any]:
    with device.connect() as connection:
        provision(connection)
    keep_device(device.device)
    about = {"device": device.device.name, "study": str(study.folder)}
    with WorkerProcess() as worker:
        worker.run(DeployTrial(**about, trial=names[1]), lambda event: None)
        first_number_s = _first_number_s(worker, BenchmarkOnDevice(**about, deploy=names[0], num_runs=RUNS))
        redeployed_s = [
            _seconds(worker, DeployTrial(**about, trial=names[index % 2])) for index in range(1, 1 + REDEPLOYMENTS)
        ]
        # Before and after, because a machine's pace changes.
        course = [_course(study, names[0], clip)]
        worker.run(BenchmarkOnDevice(**about, trials=(names[0],), num_runs=RUNS), lambda event: None)
        course.append(_course(study, names[0], clip))
    study.refresh()
    result = study.result(names[0])
    latency = result.latency_on(device.device.name) if result else None
    assert latency is not None and latency.run is not None and latency.run.accuracy is not None
    return {
        "first_number_s": first_number_s,
        "redeployed_s": min(redeployed_s),
        "slowest_redeployed_s": max(redeployed_s),
        "feature_ms": latency.feature.median_ms,
        "inference_ms": latency.inference.median_ms,
        "total_ms": latency.total.median_ms,
        "course_feature_ms": sum(each["feature_ms"] for each in course) / 2,
        "course_total_ms": sum(each["total_ms"] for each in course) / 2,
        "agrees": latency.run.accuracy.agrees,
        "board": latency.run.board,
    }


def _first_number_s(worker: WorkerProcess, job: BenchmarkOnDevice) -> float:
    came: list[float] = []

    def hear(event: Event) -> None:
        if isinstance(event, LatencyMeasured) and not came:
            came.append(time.monotonic())

    started = time.monotonic()
    worker.run(job, hear)
    return came[0] - started


def _seconds(worker: WorkerProcess, job: DeployTrial) -> float:
    started = time.monotonic()
    worker.run(job, lambda event: None)
    return time.monotonic() - started


def _course(study: Study, name: str, clip: Path) -> dict[str, float]:
    model = study.folder_of(name) / "model.tflite"
    command = [sys.executable, "-m", "tests.benchmarks.course_latency", str(model), str(clip)]
    num_mfccs = study.spec(name).features.num_mfccs
    done = subprocess.run([*command, str(num_mfccs), str(RUNS)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
