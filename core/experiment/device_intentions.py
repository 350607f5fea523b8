"""What each job of `device_jobs.py` does."""

import time
from pathlib import Path
from typing import Any

from core.deploy import authorized_keys, check, passwords, provision, removal
from core.deploy.authentication import Access
from core.deploy.benchmark import Plan
from core.deploy.connection import Connection
from core.deploy.devices import Device, find_device, forget_device, keep_device, make_device
from core.deploy.endpoint import resolve
from core.deploy.host_keys import KnownHosts
from core.events import Emit, Event, Progressed
from core.experiment import device_jobs as jobs
from core.experiment import device_trials, service_intentions
from core.experiment.device_trials import Benchmarking
from core.experiment.service_jobs import AnyServiceJob
from core.experiment.store import Study

_PULSE_S = 0.5


def carry_out(job: jobs.AnyDeviceJob | AnyServiceJob, emit: Emit) -> Any:
    """Do what a job asks for and return its answer as JSON values.

    Raises UnknownHostKey or PasswordWanted where the user has to be asked, WorkbenchError or TrialCancelled.
    """
    match job:
        case jobs.AddDevice():
            return _add(job, emit)
        case jobs.RemoveDevice():
            return _remove(job, emit)
        case _:
            pulse = _Pulse(emit)
            with _connected(find_device(job.device), job, pulse) as connection:
                return _carry_out_there(job, connection, pulse)


def _carry_out_there(job: jobs.AnyDeviceJob | AnyServiceJob, connection: Connection, emit: Emit) -> Any:
    if isinstance(job, AnyServiceJob):
        return service_intentions.carry_out(job, connection, emit)
    match job:
        case jobs.CheckDevice():
            return check.check(connection).model_dump(mode="json")
        case jobs.InstallKey():
            public = authorized_keys.find_public_key(resolve(find_device(job.device)))
            authorized_keys.install_key(connection, public)
            return str(public)
        case jobs.ProvisionDevice():
            wheels = Path(job.wheels).expanduser() if job.wheels else None
            return provision.provision(connection, emit, wheels).model_dump(mode="json")
        case jobs.DeployTrial():
            release = device_trials.deploy_trial(connection, Study.open(job.study), job.trial, emit)
            return {"device": job.device, "trial": job.trial, "release": release}
        case jobs.BenchmarkOnDevice():
            return _benchmark(job, connection, emit)
        case jobs.RollBack():
            return {"device": job.device, "release": device_trials.roll_back(connection, emit)}


def _add(job: jobs.AddDevice, emit: Emit) -> Any:
    device = make_device(job.device, job.host, job.port, job.user, job.key)
    with _connected(device, job, _Pulse(emit)) as connection:
        report = check.check(connection)
        if job.install_key:
            authorized_keys.install_key(connection, authorized_keys.find_public_key(resolve(device)))
    keep_device(device)
    return report.model_dump(mode="json")


def _remove(job: jobs.RemoveDevice, emit: Emit) -> str:
    device = find_device(job.device)
    if job.uninstall:
        with _connected(device, job, _Pulse(emit)) as connection:
            removal.remove_everything(connection)
    endpoint = resolve(device)
    passwords.forget_password(endpoint)
    KnownHosts().forget(endpoint.known_as)
    forget_device(device.name)
    return device.name


def _benchmark(job: jobs.BenchmarkOnDevice, connection: Connection, emit: Emit) -> Any:
    study = Study.open(job.study)
    how = Benchmarking(Plan(job.threads, job.warmup_runs, job.num_runs), job.num_clips)
    names = device_trials.benchmark_trials(connection, study, job.trials, how, emit, job.deploy)
    measured = []
    for name in names:
        result = study.result(name)
        latency = result.latency_on(job.device) if result else None
        saved = latency.saving if latency else None
        measured.append(
            {"trial": name, "saving": saved, "latency": latency.model_dump(mode="json") if latency else None}
        )
    return {"device": job.device, "trials": measured}


def _connected(device: Device, job: jobs.DeviceJob, pulse: "_Pulse") -> Connection:
    """Connect with what the user said or has kept, and keep it if they wish once it has worked."""
    pulse(Progressed(what=f"Connecting to {device.name}", done=0, total=1))
    endpoint = resolve(device)
    said = job.password.get_secret_value()
    access = Access(said or passwords.kept_password(endpoint), job.fingerprint)
    connection = Connection.open(device, access, pulse.again)
    if said and job.keep_password:
        passwords.keep_password(endpoint, said)
    return connection


class _Pulse:
    """An `Emit` that can say the last progress once more, so that a cancellation is heard while a device is silent."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._last: Event | None = None
        self._said_s = 0.0

    def __call__(self, event: Event) -> None:
        """Hand an event on."""
        if isinstance(event, Progressed):
            self._last, self._said_s = event, time.monotonic()
        self._emit(event)

    def again(self) -> None:
        """Say the last progress again, twice a second at most."""
        if self._last is not None and time.monotonic() - self._said_s > _PULSE_S:
            self(self._last)
