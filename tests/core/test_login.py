"""Who is trusted and who gets in: host keys, the ssh config, agents, jump machines, keys and passwords."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.deploy import transport as module
from core.deploy.authentication import Access
from core.deploy.authorized_keys import find_public_key, install_key
from core.deploy.connection import Connection
from core.deploy.devices import Device, config_root, make_device
from core.deploy.endpoint import aliases, resolve
from core.deploy.key_exchange import read_offer
from core.errors import DeviceError, PasswordWanted, UnknownHostKey
from tests.ssh_server import SshDevice, make_key
from tests.waiting import until


def fingerprint_of(device: SshDevice) -> str:
    said = subprocess.run(["ssh-keygen", "-lf", f"{device.folder / 'host'}.pub"], capture_output=True, text=True)
    return said.stdout.split()[1]


def restart_with(device: SshDevice, *lines: str) -> None:
    device.stop()
    device._extra_lines = lines
    device.start()


def write_known_hosts(device: SshDevice, folder: Path) -> None:
    kind, key = (device.folder / "host.pub").read_text().split()[:2]
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{device.port} {kind} {key}\n")


def test_first_contact_shows_the_fingerprint_and_is_remembered_once_confirmed(ssh_device):
    with pytest.raises(UnknownHostKey) as asked:
        Connection.open(ssh_device.device)
    assert asked.value.fingerprint == fingerprint_of(ssh_device)
    assert "Accepted" not in (ssh_device.folder / "sshd.log").read_text()
    with Connection.open(ssh_device.device, Access(accepted_fingerprint=asked.value.fingerprint)):
        pass
    assert (config_root() / "known_hosts").stat().st_mode & 0o777 == 0o600
    with Connection.open(ssh_device.device) as connection:
        assert connection.run("id", "-un").out.strip() == ssh_device.account.name


def test_confirming_another_fingerprint_confirms_nothing(ssh_device):
    with pytest.raises(UnknownHostKey):
        Connection.open(ssh_device.device, Access(accepted_fingerprint="SHA256:" + "A" * 43))
    assert not (config_root() / "known_hosts").exists()


def test_the_users_own_known_hosts_counts_with_hashed_names_and_damaged_lines(ssh_device, own_ssh_folder):
    write_known_hosts(ssh_device, own_ssh_folder)
    path = own_ssh_folder / "known_hosts"
    subprocess.run(["ssh-keygen", "-qHf", path], check=True, capture_output=True)
    assert "127.0.0.1" not in path.read_text()
    path.write_text(f"damaged line\nhost ssh-ed25519 !!!\n{path.read_text()}")
    Connection.open(ssh_device.device).close()


def test_a_changed_host_key_refuses_and_nothing_in_the_same_dialog_helps(ssh_device):
    ssh_device.connect().close()
    ssh_device.change_host_key()
    for access in (Access(), Access(accepted_fingerprint=fingerprint_of(ssh_device))):
        with pytest.raises(DeviceError, match="not the one remembered") as refused:
            Connection.open(ssh_device.device, access)
        assert not isinstance(refused.value, UnknownHostKey)
    assert fingerprint_of(ssh_device) in str(refused.value)


def test_a_revoked_key_is_refused_whatever_the_user_confirms(ssh_device, own_ssh_folder):
    kind, key = (ssh_device.folder / "host.pub").read_text().split()[:2]
    (own_ssh_folder / "known_hosts").write_text(f"@revoked * {kind} {key}\n")
    with pytest.raises(DeviceError, match="was revoked"):
        Connection.open(ssh_device.device, Access(accepted_fingerprint=fingerprint_of(ssh_device)))


def test_an_alias_of_the_ssh_config_with_includes(ssh_device, own_ssh_folder):
    (own_ssh_folder / "config").write_text("Include more/*.conf\nHost *\n  ConnectTimeout 5\n")
    (own_ssh_folder / "more").mkdir()
    (own_ssh_folder / "more" / "kitchen.conf").write_text(
        f"Host kitchen\n  HostName 127.0.0.1\n  Port {ssh_device.port}\n  User {ssh_device.account.name}\n"
        f"  IdentityFile {ssh_device.key}\n"
    )
    write_known_hosts(ssh_device, own_ssh_folder)
    with Connection.open(Device(name="k", host="kitchen")) as connection:
        assert connection.run("true").status == 0


def test_a_default_key_and_the_agents_keys_are_tried(ssh_device, own_ssh_folder, monkeypatch):
    without_key = ssh_device.device.model_copy(update={"key": ""})
    write_known_hosts(ssh_device, own_ssh_folder)
    said = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    agent = {part.split("=")[0]: part.split("=")[1] for part in said.split(";") if "=" in part}
    values = {name.strip(): value for name, value in agent.items()}
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", values["SSH_AUTH_SOCK"])
        with pytest.raises((DeviceError, PasswordWanted)):
            Connection.open(without_key)
        subprocess.run(["ssh-add", "-q", ssh_device.key], check=True, env={**os.environ, **values})
        Connection.open(without_key).close()
    finally:
        os.kill(int(values["SSH_AGENT_PID"]), 15)
    monkeypatch.delenv("SSH_AUTH_SOCK")
    os.link(ssh_device.key, own_ssh_folder / "id_ed25519")
    Connection.open(without_key).close()


@contextlib.contextmanager
def running_agent(socket: Path, *keys: Path) -> Iterator[None]:
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        until(socket.exists)
        adding = ["ssh-add", "-q", *map(str, keys)]
        subprocess.run(adding, check=True, env={**os.environ, "SSH_AUTH_SOCK": str(socket)})
        yield
    finally:
        agent.terminate()
        agent.wait()


def test_the_ssh_config_names_an_agent_and_which_of_its_keys(ssh_device, own_ssh_folder, tmp_path, monkeypatch):
    write_known_hosts(ssh_device, own_ssh_folder)
    others = [tmp_path / f"other-{number}" for number in range(6)]
    for path in others:
        make_key(path)
    where = f"Host kitchen\n  HostName 127.0.0.1\n  Port {ssh_device.port}\n  User {ssh_device.account.name}\n"
    kitchen = Device(name="k", host="kitchen")
    with running_agent(tmp_path / "agent", *others, ssh_device.key):
        # Of so many keys only the one that the config names would be tried early enough.
        one = f"  IdentityAgent {tmp_path}/agent\n  IdentityFile {ssh_device.key}.pub\n  IdentitiesOnly yes\n"
        (own_ssh_folder / "config").write_text(where + one)
        Connection.open(kitchen).close()
        assert "SSH_AUTH_SOCK" not in os.environ
        (own_ssh_folder / "config").write_text(where + one.replace(".pub", "-that-is-gone"))
        with pytest.raises((DeviceError, PasswordWanted)):
            Connection.open(kitchen)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        (own_ssh_folder / "config").write_text(f"{where}  IdentityAgent none\n  IdentityFile {ssh_device.key}.pub\n")
        with pytest.raises((DeviceError, PasswordWanted)):
            Connection.open(kitchen)


@pytest.fixture
def jump(ssh_device, own_ssh_folder, tmp_path, monkeypatch) -> Path:
    """Make the device a machine to jump over too, and `ssh` read the tests' own config; return the file of its calls.

    ssh itself looks for its files in the home folder of the account, whatever HOME says.
    """
    write_known_hosts(ssh_device, own_ssh_folder)
    reach = f"  HostName 127.0.0.1\n  Port {ssh_device.port}\n  User {ssh_device.account.name}\n"
    reach += f"  IdentityFile {ssh_device.key}\n"
    (own_ssh_folder / "config").write_text(
        f"Host over over-two over-wrong by-command by-broken kitchen\n{reach}"
        "Host over\n  ProxyJump jump\n"
        "Host over-two\n  ProxyJump jump,ssh://127.0.0.1:" + f"{ssh_device.port}\n"
        "Host over-wrong\n  ProxyJump wrong\n"
        "Host by-command\n  ProxyCommand ssh -W '%h:%p' jump 2>/dev/null\n"
        "Host by-broken\n  ProxyCommand echo no way >&2; exit 3\n"
        f"Host jump 127.0.0.1\n{reach}  UserKnownHostsFile {own_ssh_folder}/known_hosts\n"
        "Host wrong\n  HostName 127.0.0.1\n  Port 1\n"
    )
    calls = tmp_path / "calls"
    shim = tmp_path / "bin" / "ssh"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexec /usr/bin/ssh -F {own_ssh_folder}/config "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent), prepend=":")
    return calls


def test_machines_to_jump_over_and_commands_of_the_ssh_config(ssh_device, jump):
    for alias in ("over", "over-two", "by-command"):
        with Connection.open(Device(name="k", host=alias)) as connection:
            assert connection.run("id", "-un").out.strip() == ssh_device.account.name
    single, double, own = jump.read_text().splitlines()
    assert single.endswith(f"-W [127.0.0.1]:{ssh_device.port} ssh://jump") and "-J jump" in double
    assert own == f"-W 127.0.0.1:{ssh_device.port} jump"
    assert not [process for process in psutil.Process().children(recursive=True) if process.name() == "ssh"]


def test_a_machine_to_jump_over_that_is_down_or_goes_down_is_a_sentence(ssh_device, jump):
    with pytest.raises(DeviceError, match=r"the way there that ~/\.ssh/config names .* failed: .*"):
        Connection.open(Device(name="k", host="over-wrong"))
    with pytest.raises(DeviceError, match=r"failed: no way$"):
        Connection.open(Device(name="k", host="by-broken"))
    with Connection.open(Device(name="k", host="over")) as connection:
        (through,) = [each for each in psutil.Process().children() if each.name() == "ssh"]
        through.kill()
        with pytest.raises(DeviceError, match="the connection was lost"):
            connection.run("sleep", "1237.5")


@pytest.mark.parametrize(("name", "host"), [("", "pi"), ("k" * 65, "pi"), ("a\nb", "pi"), ("kitchen", "")])
def test_a_device_that_cannot_be_named_or_reached_is_a_sentence(name, host):
    with pytest.raises(DeviceError, match="needs a host, and a name of 1 to 64 characters in one line"):
        make_device(name, host)


def test_aliases_are_the_names_of_the_ssh_config_and_no_patterns(own_ssh_folder):
    assert aliases() == ()
    (own_ssh_folder / "config").write_text(
        'Include more\nHost pi "kitchen" !not *.local\n  HostName 10.0.0.7\nMatch host x\nhost=attic\n'
    )
    (own_ssh_folder / "more").write_text("Host deep p?\nHostKeyAlias no\n")
    assert aliases() == ("attic", "deep", "kitchen", "pi")


def test_a_server_that_takes_no_password_and_no_key_of_ours(ssh_device, tmp_path, own_ssh_folder):
    write_known_hosts(ssh_device, own_ssh_folder)
    restart_with(ssh_device, "PasswordAuthentication no", "KbdInteractiveAuthentication no")
    make_key(tmp_path / "other")
    (own_ssh_folder / "config").write_text("Host 127.0.0.1\n  CertificateFile ~/.ssh/id-cert.pub\n")
    with pytest.raises(
        DeviceError, match=r"refused every key and takes no password.*CertificateFile is passed"
    ) as said:
        Connection.open(ssh_device.device.model_copy(update={"key": str(tmp_path / "other")}))
    assert not isinstance(said.value, PasswordWanted)


def test_a_refused_key_says_so(ssh_device, tmp_path, own_ssh_folder):
    make_key(tmp_path / "other")
    write_known_hosts(ssh_device, own_ssh_folder)
    with pytest.raises(PasswordWanted, match="takes none of this machine's keys"):
        Connection.open(ssh_device.device.model_copy(update={"key": str(tmp_path / "other")}))
    with pytest.raises(DeviceError, match="there is no such key"):
        Connection.open(ssh_device.device.model_copy(update={"key": str(tmp_path / "none")}))


def test_passwords_right_and_wrong(ssh_device, tmp_path, own_ssh_folder):
    if not ssh_device.account.password:
        pytest.skip("needs a user whose password is known: run the tests as root")
    make_key(tmp_path / "other")
    write_known_hosts(ssh_device, own_ssh_folder)
    device = ssh_device.device.model_copy(update={"key": str(tmp_path / "other")})
    with pytest.raises(PasswordWanted, match="refused the password"):
        Connection.open(device, Access(password="not it"))
    with Connection.open(device, Access(password=ssh_device.account.password)) as connection:
        assert connection.run("true").status == 0
    assert "not it" not in repr(Access(password="not it"))


def test_a_locked_key_wants_its_passphrase(ssh_device, own_ssh_folder):
    write_known_hosts(ssh_device, own_ssh_folder)
    subprocess.run(["ssh-keygen", "-qp", "-N", "open sesame", "-f", ssh_device.key], check=True, capture_output=True)
    with pytest.raises(PasswordWanted, match="locked by a passphrase"):
        Connection.open(ssh_device.device)
    Connection.open(ssh_device.device, Access(password="open sesame")).close()


def test_a_device_that_is_not_there(ssh_device, monkeypatch):
    ssh_device.stop()
    with pytest.raises(DeviceError, match="takes no SSH connection at port"):
        Connection.open(ssh_device.device)
    with pytest.raises(DeviceError, match="no host called"):
        Connection.open(Device(name="x", host="nowhere.invalid"))
    # An address kept for documentation, which no network routes to.
    monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.3)
    with pytest.raises(DeviceError, match=r"does not answer|takes no SSH"):
        Connection.open(Device(name="x", host="192.0.2.1"))


def test_a_server_that_asks_for_nothing(ssh_device, own_ssh_folder):
    if not ssh_device.account.password:
        pytest.skip("needs a user whose password may be changed: run the tests as root")
    write_known_hosts(ssh_device, own_ssh_folder)
    restart_with(ssh_device, "PermitEmptyPasswords yes")
    name = ssh_device.account.name
    subprocess.run(["passwd", "--delete", name], check=True, capture_output=True)
    try:
        with Connection.open(ssh_device.device.model_copy(update={"key": ""})) as connection:
            assert connection.run("id", "-un").out.strip() == name
    finally:
        subprocess.run(["chpasswd"], input=f"{name}:{ssh_device.account.password}", text=True, check=True)


def test_installing_a_key_adds_it_once(connection, ssh_device, own_ssh_folder):
    make_key(own_ssh_folder / "id_ed25519")
    authorized = ssh_device.home / ".ssh" / "authorized_keys"
    authorized.parent.mkdir()
    authorized.write_text("ssh-ed25519 AAAA another")
    ssh_device.account.give(ssh_device.home)
    without_key = ssh_device.device.model_copy(update={"key": ""})
    public = find_public_key(resolve(without_key))
    for _ in range(2):
        install_key(connection, public)
    assert authorized.read_text() == "ssh-ed25519 AAAA another\n" + public.read_text()
    Connection.open(without_key).close()


def test_there_is_no_key_to_install(ssh_device):
    with pytest.raises(DeviceError, match="ssh-keygen -t ed25519"):
        find_public_key(resolve(ssh_device.device.model_copy(update={"key": ""})))


def test_a_server_of_old_algorithms_is_told_from_one_that_is_none(ssh_device):
    make_key(ssh_device.folder / "host", "rsa")
    restart_with(ssh_device, "HostKeyAlgorithms ssh-rsa")
    with pytest.raises(
        DeviceError, match=r"host key is of a kind .* \(ssh-rsa: .*make an ed25519 key there"
    ) as refused:
        Connection.open(ssh_device.device)
    assert "check host" not in str(refused.value)
    restart_with(ssh_device, "KexAlgorithms diffie-hellman-group1-sha1")
    with pytest.raises(DeviceError, match=r"key exchange is none .* \(diffie-hellman-group1-sha1"):
        Connection.open(ssh_device.device)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"SSH-2.0-x\r\n\x7f\xff\xff\xff",
        b"220 mail\r\n" * 9,
        b"SSH-2.0-x\r\n\0\0\0\x20" + 32 * b"\0",
    ],
)
def test_what_offers_nothing_is_no_offer(said):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(ValueError, match=r"it gives|its first packet"):
            read_offer(ours)
