"""What can be asked of a deployed model: its listening service, its battery monitor, its forecasts."""

from typing import Annotated, Literal

from pydantic import Field

from core.deploy.device.actions import Actions, Command, Logging, Message
from core.deploy.forecast import ForecastSource
from core.deploy.live import View
from core.experiment.device_jobs import DeviceJob


class InstallService(DeviceJob):
    """Put the deployed model to work, or give it another table of actions. Answer: a ServiceStatus as JSON values."""

    intention: Literal["install_service"] = "install_service"
    words: dict[str, Annotated[Command | Message | Logging, Field(discriminator="kind")]] | None = Field(
        None, description="What each word does; none named means “go” starts the battery monitor and “stop” ends it."
    )
    broker_host: str = Actions.broker_host
    broker_port: int = Field(Actions.broker_port, ge=1, le=65535)
    monitor_interval_s: float = Field(Actions.monitor_interval_s, ge=0.1, le=3600)
    battery_command: str = ""
    microphone: str = Field("", description="ALSA's name of it; empty is the system's default.")
    wav: str = Field(
        "", description="File or folder there, seen from the home folder, to hear in place of a microphone."
    )


class ControlService(DeviceJob):
    """Start, stop or take away the service. Answer: a ServiceStatus as JSON values."""

    intention: Literal["control_service"] = "control_service"
    verb: Literal["start", "stop", "uninstall"]


class LookAtService(DeviceJob):
    """See how the service does, what it heard, and what each word does.

    Answer: {status, detections, labels, actions} as JSON values; no labels without a model, no actions without a
    service.
    """

    intention: Literal["look_at_service"] = "look_at_service"
    num_detections: int = Field(20, ge=0, le=10_000)


class HearDevice(DeviceJob):
    """Hear what the deployed model hears, until cancelled: a DeviceSaid for each line, see `core.deploy.live`."""

    intention: Literal["hear_device"] = "hear_device"
    view: View = "probabilities"
    microphone: str = ""
    wav: tuple[str, ...] = Field((), description="Files and folders on the device to hear in place of a microphone.")


class ReadMonitor(DeviceJob):
    """See whether the battery monitor runs and what it wrote. Answer: {monitor, readings}, both as JSON values."""

    intention: Literal["read_monitor"] = "read_monitor"
    num_readings: int = Field(100, ge=0, le=100_000, description="The last ones.")


class ExportMonitor(DeviceJob):
    """Write everything that the battery monitor wrote into a CSV file here. Answer: {csv, num_readings}."""

    intention: Literal["export_monitor"] = "export_monitor"
    csv: str


class FollowMonitor(DeviceJob):
    """Follow the battery monitor until cancelled: a DeviceSaid for each line, see `core.deploy.monitor_log`."""

    intention: Literal["follow_monitor"] = "follow_monitor"
    num_readings: int = Field(100, ge=0, le=100_000, description="The last ones, to begin with.")


class ForecastOnDevice(DeviceJob):
    """Forecast with the deployed model. Answer: {forecast, reading} as JSON values, see `core.deploy.forecast`."""

    intention: Literal["forecast_on_device"] = "forecast_on_device"
    source: ForecastSource


class FollowForecasts(DeviceJob):
    """Forecast at every step until cancelled: a DeviceSaid for each line, see `core.deploy.forecast`."""

    intention: Literal["follow_forecasts"] = "follow_forecasts"
    source: ForecastSource


class InstallForecaster(DeviceJob):
    """Let the deployed model forecast at every step, by itself. Answer: a ForecastStatus as JSON values."""

    intention: Literal["install_forecaster"] = "install_forecaster"
    source: ForecastSource


class ControlForecaster(DeviceJob):
    """Start, stop, take away or look at what forecasts by itself. Answer: a ForecastStatus as JSON values."""

    intention: Literal["control_forecaster"] = "control_forecaster"
    verb: Literal["start", "stop", "uninstall", "status"]


AnyServiceJob = (
    InstallService
    | ControlService
    | LookAtService
    | HearDevice
    | ReadMonitor
    | ExportMonitor
    | FollowMonitor
    | ForecastOnDevice
    | FollowForecasts
    | InstallForecaster
    | ControlForecaster
)
