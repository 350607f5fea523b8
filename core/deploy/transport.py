"""The way to an SSH server up to the point where its key can be looked at, and sentences for what breaks there."""

import contextlib
import socket
from collections.abc import Iterator

import paramiko

from core.deploy.endpoint import Endpoint
from core.deploy.host_keys import KnownHosts
from core.deploy.key_exchange import missing_in_common, read_offer
from core.deploy.proxy import ProxySocket, open_proxy
from core.errors import DeviceError

CONNECT_TIMEOUT_S = 10.0
LOST_AFTER_S = 20
_NOTICED_S = 0.5
BROKEN = (EOFError, OSError, paramiko.SSHException)
"""What paramiko raises when the connection breaks, depending on who notices first."""


def handshake(endpoint: Endpoint) -> paramiko.Transport:
    """Return a transport whose encryption stands, the server's key not yet checked."""
    sock = _socket(endpoint)
    with _through(sock, endpoint), _speaking_ssh(endpoint):
        transport = paramiko.Transport(sock)
        transport.banner_timeout = CONNECT_TIMEOUT_S
        options = transport.get_security_options()
        wanted = [
            kind
            for known in KnownHosts().key_types(endpoint.known_as)
            for kind in (("rsa-sha2-512", "rsa-sha2-256") if known == "ssh-rsa" else (known,))
            if kind in options.key_types
        ]
        options.key_types = (*wanted, *(kind for kind in options.key_types if kind not in wanted))
        try:
            transport.start_client(timeout=CONNECT_TIMEOUT_S)
            if not transport.initial_kex_done:
                # It returns at the timeout as if all were well.
                raise TimeoutError(f"it said nothing of use for {CONNECT_TIMEOUT_S:g} s")
        except paramiko.IncompatiblePeer as error:
            options = transport.get_security_options()
            transport.close()
            raise _nothing_in_common(endpoint, options, error) from error
        except BaseException:
            transport.close()
            raise
        return transport


def _nothing_in_common(
    endpoint: Endpoint, options: paramiko.transport.SecurityOptions, error: paramiko.IncompatiblePeer
) -> DeviceError:
    """Say what the server offers that is not accepted here, asking it once more, for paramiko keeps that to itself."""
    try:
        with contextlib.closing(_socket(endpoint)) as sock:
            sock.settimeout(CONNECT_TIMEOUT_S)
            missing = missing_in_common(read_offer(sock), options)
    except (OSError, ValueError, paramiko.SSHException):
        missing = None
    what, offered = missing or ("", ())
    names = ", ".join(offered)
    if what == "host keys":
        return DeviceError(
            f"{endpoint}: its host key is of a kind that is not accepted any more ({names}: signatures by SHA-1 can be "
            "forged); make an ed25519 key there by `sudo ssh-keygen -A` and start its SSH server anew, or update it"
        )
    if what:
        return DeviceError(
            f"{endpoint}: its {what} is none that is accepted any more ({names}); update the SSH server there"
        )
    return DeviceError(f"{endpoint}: both sides have no algorithm in common ({error}); update the SSH server there")


@contextlib.contextmanager
def _speaking_ssh(endpoint: Endpoint) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise DeviceError(
            f"{endpoint}: what answers there does not speak SSH as expected ({str(error) or 'it hung up'}); check host "
            "and port, and try again when the device has started"
        ) from error


@contextlib.contextmanager
def _through(sock: socket.socket, endpoint: Endpoint) -> Iterator[None]:
    """Say why a proxy failed, for SSH itself says no more than that nobody answered."""
    try:
        yield
    except DeviceError as error:
        sock.close()
        complaint = sock.complaint if isinstance(sock, ProxySocket) else ""
        if not complaint:
            raise
        raise DeviceError(
            f"{endpoint}: the way there that ~/.ssh/config names (`{endpoint.proxy_command}`) failed: {complaint}"
        ) from error


def _socket(endpoint: Endpoint) -> socket.socket:
    if endpoint.proxy_command:
        return open_proxy(endpoint.proxy_command)
    try:
        sock = socket.create_connection((endpoint.host, endpoint.port), CONNECT_TIMEOUT_S)
    except socket.gaierror as error:
        raise DeviceError(
            f"There is no host called {endpoint.host}; check the name, or give the address instead"
        ) from error
    except ConnectionRefusedError as error:
        raise DeviceError(
            f"{endpoint.host} takes no SSH connection at port {endpoint.port}; switch SSH on there "
            "(`sudo raspi-config`, Interface Options) or correct the port"
        ) from error
    except OSError as error:
        raise DeviceError(
            f"{endpoint.host} does not answer at port {endpoint.port} ({error}); check that it is on and in this "
            "network"
        ) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOST_AFTER_S * 1000)
    return sock


def is_broken(transport: paramiko.Transport) -> bool:
    """Tell whether a connection broke, which its own thread may notice a moment after who uses it."""
    transport.join(_NOTICED_S)
    return not transport.is_active()


@contextlib.contextmanager
def explained(transport: paramiko.Transport, name: str, doing: str) -> Iterator[None]:
    """Turn what paramiko raises into a sentence."""
    try:
        yield
    except (*BROKEN, paramiko.SFTPError) as error:
        if isinstance(error, EOFError | TimeoutError) or is_broken(transport):
            raise DeviceError(
                f"{name}: the connection was lost ({doing}); what was there before is unchanged"
            ) from error
        if isinstance(error, OSError):
            raise DeviceError(f"{name}: {doing} failed ({error.strerror or error})") from error
        raise DeviceError(f"{name}: SSH failed at {doing} ({error}); check the connection and try again") from error
