"""What an SSH server offers before anything is encrypted, to say what is missing where nothing of it is acceptable.

RFC 4253, https://www.rfc-editor.org/rfc/rfc4253: lines of text up to the version (4.2), then packets (6), of which the
first lists the algorithms by name (7.1).
"""

import socket
from dataclasses import dataclass

import paramiko
from paramiko.message import Message

_KEXINIT = 20
_COOKIE_BYTES = 16
_MOST_BYTES = 64 * 1024
_VERSION = b"SSH-2.0-TinyML_Workbench\r\n"


@dataclass(frozen=True)
class Offer:
    """Names of algorithms that a server offers, in the order of its preference."""

    key_exchanges: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    digests: tuple[str, ...]


def read_offer(sock: socket.socket) -> Offer:
    """Read what the server at the other end of a new connection offers.

    Raises OSError where it ends early, ValueError where it says something else.
    """
    with sock.makefile("rb") as stream:
        sock.sendall(_VERSION)
        read = 0
        while not (line := stream.readline(_MOST_BYTES)).startswith(b"SSH-"):
            read += len(line)
            if not line or read > _MOST_BYTES:
                raise ValueError("it gives no version")
        num_bytes = int.from_bytes(stream.read(4), "big")
        if not 1 + _COOKIE_BYTES < num_bytes <= _MOST_BYTES:
            raise ValueError(f"its first packet has {num_bytes} bytes")
        packet = stream.read(num_bytes)
    if len(packet) < num_bytes or packet[1] != _KEXINIT:
        raise ValueError("its first packet offers nothing")
    listed = Message(packet[2 + _COOKIE_BYTES :])
    lists = [tuple(listed.get_list()) for _ in range(6)]
    return Offer(key_exchanges=lists[0], host_keys=lists[1], ciphers=lists[3], digests=lists[5])


def missing_in_common(offer: Offer, options: paramiko.transport.SecurityOptions) -> tuple[str, tuple[str, ...]] | None:
    """Return what both sides have nothing in common for, and what the server offers for it; None where all is well."""
    for what, offered, accepted in (
        ("host keys", offer.host_keys, options.key_types),
        ("key exchange", offer.key_exchanges, options.kex),
        ("encryption", offer.ciphers, options.ciphers),
        ("integrity", offer.digests, options.digests),
    ):
        if not set(offered) & set(accepted):
            return what, offered
    return None
