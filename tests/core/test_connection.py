"""A connection against a real SSH server: what arrives, what breaks, and what is left behind."""

import socket
import threading
from pathlib import Path, PurePosixPath

import pytest

from core.deploy import connection as connection_module
from core.deploy import heartbeat
from core.deploy import transport as module
from core.deploy.connection import Connection
from core.errors import DeviceError

WILD = "a b'c\"d$(touch /tmp/never)`e`\n*\\g;--h"


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.0 400 what\r\n\r\n", None])
def test_what_answers_but_speaks_no_ssh(ssh_device, monkeypatch, greeting):
    monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def answer() -> None:
            client, _ = server.accept()
            kept.append(client)
            if greeting is None:
                client.close()
            else:
                client.sendall(greeting)

        answering = threading.Thread(target=answer)
        answering.start()
        other = ssh_device.device.model_copy(update={"port": server.getsockname()[1]})
        with pytest.raises(DeviceError, match=r"does not speak SSH as expected \(.+\); check host and port"):
            Connection.open(other)
        answering.join()
        kept[0].close()


def test_arguments_and_names_arrive_as_they_are(connection, ssh_device):
    assert connection.run("printf", "%s|%s", WILD, "").out == WILD + "|"
    assert connection.run("cat", input=b"given").out == "given"
    folder = connection.home / WILD.replace("/", "_")
    assert connection.run("mkdir", str(folder)).status == 0
    connection.put(b"\0content", folder / "a\nb")
    assert connection.get(folder / "a\nb") == b"\0content"
    assert [path.name for path in ssh_device.home.iterdir()] == [WILD.replace("/", "_")]
    assert not Path("/tmp/never").exists()


def test_a_failed_command_and_a_missing_one(connection):
    answer = connection.run("sh", "-c", "echo out; echo why >&2; exit 3")
    assert (answer.status, answer.out, answer.err) == (3, "out\n", "why\n")
    with pytest.raises(DeviceError, match="it could not be done: why"):
        answer.required("it could not be done")
    assert connection.run("no-such-command").status == 127
    with pytest.raises(DeviceError, match="loop: sh failed: why"):
        list(connection.lines("sh", "-c", "echo one; echo why >&2; exit 3"))


def test_lines_come_as_they_are_said_and_closing_ends_the_whole_group(connection, ssh_device):
    lines = connection.lines("sh", "-c", "sleep 1234.5 & while :; do echo more; sleep 0.05; done")
    assert [next(lines), next(lines)] == ["more", "more"]
    assert ssh_device.processes("sleep 1234.5")
    lines.close()
    ssh_device.wait_until_gone("sleep 1234.5")
    assert not ssh_device.processes("echo more")


def test_giving_up_while_a_command_is_silent_ends_it(ssh_device):
    class GivenUp(Exception):
        pass

    def give_up() -> None:
        if ssh_device.processes("sleep 1235.5"):
            raise GivenUp

    with ssh_device.connect() as connection:
        connection.on_wait = give_up
        with pytest.raises(GivenUp):
            connection.run("sleep", "1235.5")
        ssh_device.wait_until_gone("sleep 1235.5")


def test_a_command_that_does_not_end_is_ended(connection, ssh_device):
    with pytest.raises(DeviceError, match="did not end within"):
        connection.run("sleep", "1236.5", timeout_s=0.3)
    ssh_device.wait_until_gone("sleep 1236.5")


def test_a_flood_of_200_mb_is_stopped(connection, ssh_device):
    with pytest.raises(DeviceError, match="more than 8 MiB"):
        connection.run("head", "-c", "200000000", "/dev/zero")
    with pytest.raises(DeviceError, match="a line without end"):
        list(connection.lines("head", "-c", "200000000", "/dev/zero"))
    flood = ("head", "-c", "200000000", "/dev/zero")
    with pytest.raises(DeviceError, match="did not answer as expected"), connection.beside(*flood):
        pass
    assert connection.run("sh", "-c", "head -c 20000000 /dev/zero >&2; echo done").out == "done\n"
    ssh_device.wait_until_gone("head -c 200000000")


def test_what_a_login_shell_says_is_passed_over_and_what_is_no_shell_is_told(account, device_tools, ssh_device):
    ssh_device.stop()
    ssh_device._extra_lines = ('ForceCommand echo Welcome; echo to you; sh -c "$SSH_ORIGINAL_COMMAND"',)
    ssh_device.start()
    with ssh_device.connect() as connection:
        assert connection.run("echo", "hi").out == "hi\n"
    ssh_device.stop()
    ssh_device._extra_lines = ("ForceCommand echo This account is not available",)
    ssh_device.start()
    with ssh_device.connect() as connection, pytest.raises(DeviceError, match="said 'This account is not available'"):
        connection.run("echo", "hi")


def test_a_connection_cut_during_an_upload_leaves_no_file(connection, ssh_device):
    def cut(event):
        if event.done > 1_000_000:
            ssh_device.cut()

    with pytest.raises(DeviceError, match="the connection was lost"):
        connection.put(bytes(50_000_000), PurePosixPath(ssh_device.home / "big"), cut)
    assert not (ssh_device.home / "big").exists()
    with pytest.raises(DeviceError):
        connection.run("true")
    with ssh_device.connect() as again:
        again.put(b"small", PurePosixPath(ssh_device.home / "big"))
    assert (ssh_device.home / "big").read_bytes() == b"small"


def test_a_command_beside_others_ends_with_the_connection(connection, ssh_device):
    with connection.beside("sh", "-c", "echo here; cat >/dev/null; exec sleep 0.1") as said:
        assert said == "here"
        assert connection.run("echo", "meanwhile").out == "meanwhile\n"
        assert ssh_device.processes("echo here")
    ssh_device.wait_until_gone("echo here")


def test_a_connection_that_broke_unnoticed_is_told_by_what_was_being_done(connection):
    def work() -> None:
        with connection.beside("sh", "-c", "echo here; cat >/dev/null"):
            # Nothing can be sent any more, which the thread that reads does not know.
            connection._transport.sock.shutdown(socket.SHUT_WR)
            connection.run("true")

    with pytest.raises(DeviceError, match=r"loop: the connection was lost \(true\)"):
        work()


def test_what_runs_on_a_device_ends_with_the_connection(connection, ssh_device):
    def cut_once_it_runs() -> None:
        if ssh_device.processes("sleep 1238.5"):
            ssh_device.cut()

    connection.on_wait = cut_once_it_runs
    with pytest.raises(DeviceError, match=r"loop: the connection was lost \(sh\)"):
        connection.run("sh", "-c", "sleep 1238.5; true")
    ssh_device.wait_until_gone("1238.5")


def test_a_device_that_falls_silent_is_given_up(ssh_device, monkeypatch):
    def freeze() -> None:
        monkeypatch.setattr(heartbeat, "LOST_AFTER_S", 0.5)
        ssh_device.freeze()

    def freeze_once_it_runs() -> None:
        if ssh_device.processes("sleep 1239.5"):
            freeze()

    monkeypatch.setattr(heartbeat, "BEAT_S", 0.1)
    for ask in (
        lambda opened: opened.run("sleep", "1239.5"),
        lambda opened: (freeze(), opened.get(opened.home / "x")),
        lambda opened: (freeze(), opened.put(bytes(10_000_000), opened.home / "x")),
    ):
        # As long as a busy machine may take to answer.
        monkeypatch.setattr(heartbeat, "LOST_AFTER_S", 3.0)
        with ssh_device.connect() as opened:
            opened.put(b"x", opened.home / "x")
            opened.on_wait = freeze_once_it_runs
            with pytest.raises(DeviceError, match=r"loop: the connection was lost"):
                ask(opened)
        ssh_device.cut()
    ssh_device.wait_until_gone("1239.5")


def test_what_ended_beside_is_told_and_not_what_was_being_done(connection, monkeypatch):
    monkeypatch.setattr(connection_module, "BEAT_S", 0.0)
    with (
        pytest.raises(DeviceError, match="loop: heard nothing for so long that it let this work go; try again"),
        connection.beside("sh", "-c", "echo held"),
    ):
        connection.run("sleep", "1240.5")


def test_a_shell_that_greets_where_files_are_taken_is_told(ssh_device):
    ssh_device.stop()
    ssh_device._extra_lines = ('ForceCommand echo Welcome to this device; sh -c "$SSH_ORIGINAL_COMMAND"',)
    ssh_device.start()
    with (
        ssh_device.connect() as connection,
        pytest.raises(DeviceError, match=r"takes no files over SFTP .*switch SFTP"),
    ):
        connection.put(b"x", connection.home / "x")
