"""Who we are to a device: its key file, the agent's keys, the default keys, a password last."""

import contextlib
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from core.deploy.endpoint import Endpoint
from core.errors import DeviceError, PasswordWanted

DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_MOST_AGENT_KEYS = 4
"""A server ends the connection after six attempts in all, so the rest is left to what the user named."""


@dataclass(frozen=True)
class Access:
    """What the user said when asked. Held in memory alone: never written, logged or said in an event."""

    password: str = field(default="", repr=False)
    accepted_fingerprint: str = ""


NOTHING_SAID = Access()


def log_in(transport: paramiko.Transport, endpoint: Endpoint, password: str = "") -> None:
    """Prove to a server whose key was checked who we are.

    Raises PasswordWanted when a password is all that is left to try, DeviceError when nothing is.
    """
    locked: list[Path] = []
    with contextlib.closing(_keys(endpoint, password, locked)) as keys:
        if any(_try_key(transport, endpoint, key) for key in keys):
            return
    taken = _methods(transport, endpoint)
    if transport.is_authenticated():
        # Some ask for nothing: who may come is settled on the way there.
        return
    by_password = not {"password", "keyboard-interactive"}.isdisjoint(taken)
    if by_password and password:
        try:
            transport.auth_password(endpoint.user, password)
        except paramiko.AuthenticationException as error:
            if not transport.is_active():
                # Then it raises this as well, and no password was refused.
                raise EOFError from error
            raise PasswordWanted(f"{endpoint} refused the password; type it again, and check the user name") from error
        return
    if locked:
        raise PasswordWanted(
            f"The key {locked[0]} is locked by a passphrase; type it, or load the key into the agent by `ssh-add`"
        )
    if by_password:
        raise PasswordWanted(f"{endpoint} takes none of this machine's keys; type the password of {endpoint.user}")
    raise DeviceError(
        f"{endpoint} refused every key and takes no password; add the public key to ~/.ssh/authorized_keys there, or "
        f"name the right key and user{_passed_over(endpoint)}"
    )


def _passed_over(endpoint: Endpoint) -> str:
    named = " and ".join(endpoint.unsupported)
    return f"; what ~/.ssh/config says of {named} is passed over here, so load that key into the agent" if named else ""


def _keys(endpoint: Endpoint, password: str, locked: list[Path]) -> Generator[paramiko.PKey, None, None]:
    """Yield keys to try, those the user named first; `locked` gets the files whose passphrase is missing."""
    named = [path for path in endpoint.keys if path.is_file()]
    if endpoint.must_have_keys:
        for path in endpoint.keys:
            if not path.is_file():
                raise DeviceError(f"{path}: there is no such key; name the file of a private key, or none")
        yield from _load(named, password, locked)
    else:
        yield from _load_those_that_are(named, password, locked)
    with _agent(endpoint.agent) as offered:
        known = _public_halves(endpoint.keys or _default_keys())
        wanted = [key for key in offered if key.get_base64() in known]
        others = [] if endpoint.keys_only else [key for key in offered if key not in wanted]
        yield from [*wanted, *others][:_MOST_AGENT_KEYS]
    if not endpoint.keys:
        yield from _load([path for path in _default_keys() if path.is_file()], password, locked)


def _default_keys() -> tuple[Path, ...]:
    return tuple(Path("~/.ssh").expanduser() / name for name in DEFAULT_KEYS)


@contextlib.contextmanager
def _agent(socket_path: str) -> Iterator[tuple[paramiko.PKey, ...]]:
    """Give the keys of the agent at a socket, else of the usual one, which has to go on until they were tried."""
    usual = os.environ.get("SSH_AUTH_SOCK")
    if socket_path == "none":
        yield ()
        return
    if socket_path:
        # paramiko knows no other way to name one.
        os.environ["SSH_AUTH_SOCK"] = socket_path
    try:
        agent = paramiko.Agent()
    finally:
        if socket_path:
            os.environ.pop("SSH_AUTH_SOCK")
            os.environ.update({"SSH_AUTH_SOCK": usual} if usual is not None else {})
    with contextlib.closing(agent):
        yield agent.get_keys()


def _public_halves(paths: tuple[Path, ...]) -> set[str]:
    """Return the public keys of key files, which may be all there is of them on this machine."""
    found = set()
    for path in paths:
        public = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
        with contextlib.suppress(OSError, UnicodeDecodeError):
            found.update(public.read_text(encoding="utf-8").split()[1:2])
    return found


def _load_those_that_are(paths: list[Path], password: str, locked: list[Path]) -> Iterator[paramiko.PKey]:
    """Yield the private keys among files that `~/.ssh/config` names, as ssh does without a word on the others."""
    for path in paths:
        with contextlib.suppress(DeviceError):
            yield from _load([path], password, locked)


def _load(paths: list[Path], password: str, locked: list[Path]) -> Iterator[paramiko.PKey]:
    for path in paths:
        try:
            yield paramiko.PKey.from_path(path)
        except TypeError:
            # What the cryptography package raises for a key that needs a passphrase.
            try:
                yield paramiko.PKey.from_path(path, password.encode())
            except (ValueError, TypeError):
                locked.append(path)
        except (ValueError, OSError, paramiko.SSHException) as error:
            raise DeviceError(f"{path} cannot be read as a private key ({error}); name another file") from error


def _try_key(transport: paramiko.Transport, endpoint: Endpoint, key: paramiko.PKey) -> bool:
    with contextlib.suppress(paramiko.AuthenticationException):
        transport.auth_publickey(endpoint.user, key)
    return bool(transport.is_authenticated())


def _methods(transport: paramiko.Transport, endpoint: Endpoint) -> list[str]:
    """Return the ways to log in that the server takes."""
    try:
        transport.auth_none(endpoint.user)
    except paramiko.BadAuthenticationType as refusal:
        return list(refusal.allowed_types)
    return []
