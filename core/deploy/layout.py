"""Where things lie on a device, all of it below the user's own data folder."""

from dataclasses import dataclass
from pathlib import PurePosixPath

_FOLDER = ".local/share/tinyml-workbench"
# The folder is an argument of the shell, never part of what it reads. What is missing is said as programs say it.
_IN_FOLDER = """
lacks() { printf '{"kind": "failed", "message": "%s"}\\n' "$1"; exit 1; }
cd "$1" 2>/dev/null || lacks "there is no model on it yet; deploy one first"
shift
[ -x "$1" ] || lacks "it is not provisioned yet; provision it and deploy a model first"
exec "$@"
"""


@dataclass(frozen=True)
class Layout:
    """The places, by the user's home folder there."""

    home: PurePosixPath

    @property
    def base(self) -> PurePosixPath:
        """Everything this program puts on a device."""
        return self.home / _FOLDER

    @property
    def venv(self) -> PurePosixPath:
        """Link to the Python environment in force, with numpy and LiteRT."""
        return self.base / "venv"

    @property
    def environments(self) -> PurePosixPath:
        """One folder for each Python environment."""
        return self.base / "environments"

    @property
    def python(self) -> PurePosixPath:
        """Python of that environment."""
        return self.venv / "bin" / "python"

    @property
    def wheels(self) -> PurePosixPath:
        """Packages uploaded to be installed without a network."""
        return self.base / "wheels"

    @property
    def releases(self) -> PurePosixPath:
        """One folder for each deployed model."""
        return self.base / "releases"

    @property
    def current(self) -> PurePosixPath:
        """Link to the release in force."""
        return self.base / "current"

    @property
    def previous(self) -> PurePosixPath:
        """Link to the release before it."""
        return self.base / "previous"

    @property
    def lock(self) -> PurePosixPath:
        """Held by the desktop that deploys or measures."""
        return self.base / "lock"

    @property
    def clips(self) -> PurePosixPath:
        """Test clips and windows uploaded to judge by, named after their content."""
        return self.base / "clips"

    @property
    def data(self) -> PurePosixPath:
        """What the listening service heard and measured; outlives releases."""
        return self.base / "data"

    @property
    def service(self) -> PurePosixPath:
        """Settings of the listening service; outlive releases."""
        return self.base / "service"

    def path(self, given: str) -> PurePosixPath:
        """Return a path on the device as a user gives it, which is seen from the home folder."""
        return self.home / (given[2:] if given.startswith("~/") else given)

    def program(self, name: str, *args: str, release: PurePosixPath | None = None) -> tuple[str, ...]:
        """Return the command that runs `core.deploy.device.<name>` of a release, by default the current one."""
        folder = str(release or self.current)
        return ("sh", "-c", _IN_FOLDER, "sh", folder, str(self.python), "-m", f"core.deploy.device.{name}", *args)
