"""Take everything of this program away from a device."""

import contextlib

from core.deploy.connection import Connection
from core.deploy.forecast_service import ForecastingService
from core.deploy.layout import Layout
from core.deploy.lock import held
from core.deploy.service import ListeningService

# Out of sight at once, for an environment of which a part is gone would pass for a whole one.
_REMOVE = 'cd "$1" 2>/dev/null || exit 0; [ ! -e "$2" ] || mv -T "$2" ".removed-$2-$$" && rm -rf ".removed-$2-"*'


def remove_everything(connection: Connection) -> None:
    """Remove services, releases, environment and all that was heard or logged there.

    Raises DeviceError, also while another desktop works on the device.
    """
    layout = Layout(connection.home)
    python = str(layout.python)
    is_provisioned = connection.run("test", "-x", python).status == 0
    with held(connection, python, "removing everything") if is_provisioned else contextlib.nullcontext():
        ListeningService(connection).uninstall()
        ForecastingService(connection).uninstall()
        base = layout.base
        removed = connection.run("sh", "-c", _REMOVE, "sh", str(base.parent), base.name, timeout_s=120)
        removed.required(f"{connection.name}: {base} could not be deleted")
