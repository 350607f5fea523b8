"""Install the user's public key on a device, as ssh-copy-id does, so that no password is needed any more."""

from pathlib import Path

from core.deploy.authentication import DEFAULT_KEYS
from core.deploy.connection import Connection
from core.deploy.endpoint import Endpoint
from core.errors import DeviceError

_APPEND = """
set -e
umask 077
mkdir -p "$HOME/.ssh"
cd "$HOME/.ssh"
touch authorized_keys
key=$(cat)
grep -qxF -- "$key" authorized_keys && exit 0
[ -z "$(tail -c 1 authorized_keys)" ] || echo >> authorized_keys
printf '%s\\n' "$key" >> authorized_keys
command -v restorecon >/dev/null && restorecon -F "$HOME/.ssh" authorized_keys || true
"""


def find_public_key(endpoint: Endpoint) -> Path:
    """Return the public half of the key that a login uses, or of the first default key.

    Raises DeviceError saying how to make one.
    """
    folder = Path("~/.ssh").expanduser()
    for key in endpoint.keys or tuple(folder / name for name in DEFAULT_KEYS):
        public = key.with_name(f"{key.name}.pub")
        if public.is_file():
            return public
    raise DeviceError("There is no public key to install; make one by `ssh-keygen -t ed25519` and try again")


def install_key(connection: Connection, public: Path) -> None:
    """Add a public key to those a device takes, unless it is there. Raises DeviceError."""
    text = public.read_text(encoding="utf-8").strip()
    if len(text.splitlines()) != 1 or len(text.split()) < 2:
        raise DeviceError(f"{public} is not a public key; it must hold one line that begins with its type")
    answer = connection.run("sh", "-c", _APPEND, input=text.encode())
    answer.required(f"{connection.name}: the key could not be installed")
