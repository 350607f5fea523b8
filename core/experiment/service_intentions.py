"""What each job of `service_jobs.py` does, over an open connection."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from core.deploy import forecast, live, monitor_log
from core.deploy.connection import Connection
from core.deploy.device.actions import Actions
from core.deploy.forecast_service import ForecastingService, ForecastStatus
from core.deploy.monitor_log import MonitorState, Reading, readings, write_csv
from core.deploy.service import ListeningService, default_actions
from core.errors import DeviceError
from core.events import DeviceSaid, Emit, Progressed
from core.experiment import service_jobs as jobs

_READINGS_PER_REPORT = 10_000


def carry_out(job: jobs.AnyServiceJob, connection: Connection, emit: Emit) -> Any:
    """Do what a job asks for and return its answer as JSON values. Raises DeviceError or TrialCancelled."""
    service = ListeningService(connection)
    match job:
        case jobs.InstallService():
            wav = PurePosixPath(job.wav) if job.wav else None
            return service.install(_actions(job, service), wav).model_dump(mode="json")
        case jobs.ControlService():
            {"start": service.start, "stop": service.stop, "uninstall": service.uninstall}[job.verb]()
            return service.status().model_dump(mode="json")
        case jobs.LookAtService():
            return _look_at(service, job.num_detections)
        case jobs.HearDevice():
            return _pass_on(live.hear_live(connection, job.view, job.wav, job.microphone), job.device, emit)
        case jobs.ReadMonitor():
            return _read(connection, job.num_readings)
        case jobs.ExportMonitor():
            return {"csv": job.csv, "num_readings": _export(connection, Path(job.csv).expanduser(), emit)}
        case jobs.FollowMonitor():
            return _pass_on(monitor_log.follow_readings(connection, job.num_readings), job.device, emit)
        case jobs.ForecastOnDevice():
            return _forecast(job, connection)
        case jobs.InstallForecaster() | jobs.ControlForecaster():
            return _tell_forecaster(job, ForecastingService(connection)).model_dump(mode="json")
        case jobs.FollowForecasts():
            return _pass_on(forecast.follow_forecasts(connection, job.source), job.device, emit)


def _forecast(job: jobs.ForecastOnDevice, connection: Connection) -> dict[str, Any]:
    found, reading = forecast.forecast_once(connection, job.source)
    return {
        "forecast": found.model_dump(mode="json"),
        "reading": None if reading is None else reading.model_dump(mode="json"),
    }


def _tell_forecaster(
    job: jobs.InstallForecaster | jobs.ControlForecaster, service: ForecastingService
) -> ForecastStatus:
    if isinstance(job, jobs.InstallForecaster):
        return service.install(job.source)
    if job.verb != "status":
        {"start": service.start, "stop": service.stop, "uninstall": service.uninstall}[job.verb]()
    return service.status()


def _look_at(service: ListeningService, num_detections: int) -> dict[str, Any]:
    status = service.status()
    heard = service.detections(num_detections) if num_detections and status.release else []
    return {
        "status": status.model_dump(mode="json"),
        "detections": [word.model_dump(mode="json") for word in heard],
        "labels": list(service.deployed_labels()) if status.release else [],
        "actions": None if status.state == "absent" else asdict(service.actions()),
    }


def _actions(job: jobs.InstallService, service: ListeningService) -> Actions:
    return Actions(
        words=default_actions(service.deployed_labels()).words if job.words is None else job.words,
        broker_host=job.broker_host,
        broker_port=job.broker_port,
        monitor_interval_s=job.monitor_interval_s,
        battery_command=job.battery_command,
        microphone=job.microphone,
    )


def _read(connection: Connection, count: int) -> dict[str, Any]:
    monitor, *readings = list(monitor_log.last_readings(connection, count)) or [MonitorState()]
    return {
        "monitor": monitor.model_dump(mode="json"),
        "readings": [reading.model_dump(mode="json") for reading in readings],
    }


def _export(connection: Connection, path: Path, emit: Emit) -> int:
    """Write the file under another name first, so that it is there whole or not at all."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file, closing(readings(connection)) as told:
            count = write_csv(_counted(told, emit), file)
        unfinished.replace(path)
    except OSError as error:
        raise DeviceError(f"{path}: could not be written ({error.strerror}); choose another place") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _counted(told: Iterable[MonitorState | Reading], emit: Emit) -> Iterator[Reading]:
    count = 0
    for line in told:
        if isinstance(line, Reading):
            yield line
            count += 1
            if count % _READINGS_PER_REPORT == 0:
                emit(Progressed(what="readings", done=count, total=count))


def _pass_on(told: Generator[BaseModel, None, None], device: str, emit: Emit) -> None:
    # Closed here and now, for it ends what runs on the device.
    with closing(told):
        for line in told:
            emit(DeviceSaid(device=device, what=type(line).__name__, values=line.model_dump(mode="json")))
