"""What can be asked of a device. Each job opens a connection of its own and says in its failure what it has to know.

A password goes from the window or the command line to the worker inside the job, over the worker's stdin: `secrets`
puts it into that one line. No dump, representation, event, log or file of a job has it, and the worker has it in
memory until the job ends.
"""

from typing import Literal

from pydantic import Field, PositiveInt, SecretStr

from core.experiment.job import Job


class DeviceJob(Job):
    """A job on a device that the user named. Its JobFailed may hold a question to be answered in the same job again."""

    device: str = Field(description="Name the user gave it.")
    fingerprint: str = Field("", description="SHA-256 fingerprint of the host key that the user has confirmed.")
    password: SecretStr = Field(SecretStr(""), description="Of the login or of a locked key.", exclude=True)
    keep_password: bool = Field(False, description="Keep it in the system keyring, nowhere else.")

    def secrets(self) -> dict[str, str]:
        """Return the password, if there is one."""
        password = self.password.get_secret_value()
        return {"password": password} if password else {}


class AddDevice(DeviceJob):
    """Connect to a device, check it and remember it under its name. Answer: a DeviceReport as JSON values."""

    intention: Literal["add_device"] = "add_device"
    host: str
    port: int = Field(0, ge=0, le=65535)
    user: str = ""
    key: str = ""
    install_key: bool = Field(False, description="Install the user's public key there, as ssh-copy-id does.")


class CheckDevice(DeviceJob):
    """Look a device over. Answer: a DeviceReport as JSON values."""

    intention: Literal["check_device"] = "check_device"


class InstallKey(DeviceJob):
    """Add the user's public key to those the device takes, as ssh-copy-id does. Answer: the key's file."""

    intention: Literal["install_key"] = "install_key"


class ProvisionDevice(DeviceJob):
    """Make the device's Python environment. Answer: an Environment as JSON values."""

    intention: Literal["provision_device"] = "provision_device"
    wheels: str = Field("", description="Folder to take packages from instead of the internet.")


class DeployTrial(DeviceJob):
    """Put a trial in force on a device. Answer: {device, trial, release}."""

    intention: Literal["deploy_trial"] = "deploy_trial"
    study: str
    trial: str


class BenchmarkOnDevice(DeviceJob):
    """Measure trials on a device beside the reference trial. Answer: {device, trials: [{trial, saving, latency}]}."""

    intention: Literal["benchmark_on_device"] = "benchmark_on_device"
    study: str
    trials: tuple[str, ...] = ()
    deploy: str = Field("", description="Trial to put in force first, and to measure too.")
    threads: tuple[PositiveInt, ...] = Field((), description="Numbers of threads; none means 1 to all cores.")
    warmup_runs: int = Field(20, ge=0)
    num_runs: int = Field(200, ge=10)
    num_clips: int = Field(200, ge=0, description="Test clips judged there; 0 leaves accuracy out.")


class RollBack(DeviceJob):
    """Put the release before the current one in force again. Answer: {device, release}."""

    intention: Literal["roll_back"] = "roll_back"


class RemoveDevice(DeviceJob):
    """Forget a device with its password and host key. Answer: its name."""

    intention: Literal["remove_device"] = "remove_device"
    uninstall: bool = Field(False, description="Also delete everything of this program on the device, service and all.")


AnyDeviceJob = (
    AddDevice | CheckDevice | InstallKey | ProvisionDevice | DeployTrial | BenchmarkOnDevice | RollBack | RemoveDevice
)
