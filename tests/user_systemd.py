"""Stands in for `systemctl --user`, `loginctl` and `journalctl` of a device in a container, where no systemd runs.

Only the commands: what a unit says is really started as it says, by a supervisor of its own, and started again after a
failure. Run as a script it is those commands; standard library alone, for any Python of the device.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

TOOLS = ("systemctl", "loginctl", "journalctl")
SECONDS_PER_SECOND = 0.1
"""Of waiting before a restart: a test has less patience than a board."""

_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


def put_tools(device, *, lingering="refused"):
    """Give an SSH device of the tests these commands; `lingering` is `refused`, `granted` or `on`."""
    script = device.folder / "user_systemd.py"
    shutil.copyfile(__file__, script)
    script.chmod(0o644)
    state = device.folder / "systemd"
    state.mkdir()
    (state / "lingering").write_text(lingering)
    device.account.give(state)
    for tool in TOOLS:
        device.put_tool(tool, f'exec {device.account.python} {script} {tool} "$@"')


def parse_command(text):
    """Return the arguments of an ExecStart as systemd.service(5) splits and expands them."""
    found = []
    for quoted, plain in _ARGUMENT.findall(text):
        word = re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        if re.search(r"(?<!%)(%%)*%(?!%)", word) or re.search(r"(?<!\$)(\$\$)*\$(?!\$)", word):
            raise ValueError(f"systemd would expand {word!r}")
        found.append(word.replace("%%", "%").replace("$$", "$"))
    return found


def _folder():
    return Path(__file__).parent / "systemd"


def _read(name):
    try:
        return json.loads((_folder() / name).read_text())
    except OSError:
        return {}


def _write(name, values):
    unfinished = _folder() / f"{name}.{os.getpid()}"
    unfinished.write_text(json.dumps(values))
    unfinished.replace(_folder() / name)


def _unit_file(unit):
    return Path.home() / ".config/systemd/user" / unit


def _settings(unit):
    lines = [line.partition("=") for line in _unit_file(unit).read_text().splitlines()]
    return {name: value for name, _, value in lines if name and not name.startswith(("#", "["))}


def _supervise(unit):
    # No exception out of the handler: it could strike between a start and the note of it.
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    settings = _settings(unit)
    command = parse_command(settings["ExecStart"])
    environment = dict(os.environ)
    file = Path(settings["EnvironmentFile"].lstrip("-").replace("%%", "%"))
    if file.exists():
        environment.update(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    prevented = settings["RestartPreventExitStatus"].split()
    restarts = 0
    while True:
        with (_folder() / "journal").open("ab") as journal:
            process = subprocess.Popen(
                command,
                cwd=settings["WorkingDirectory"].replace("%%", "%"),
                env=environment,
                stdout=journal,
                stderr=journal,
            )
        about = {"MainPID": str(process.pid), "NRestarts": str(restarts), "supervisor": os.getpid()}
        _write(unit, {"ActiveState": "active", "ActiveEnterTimestampMonotonic": str(_monotonic_us()), **about})
        _pause(lambda process=process: stopping or process.poll() is not None)
        if process.poll() is None:
            process.terminate()
        status = process.wait()
        if stopping or status == 0 or str(status) in prevented or settings["Restart"] != "on-failure":
            _write(unit, {"ActiveState": "inactive" if stopping or status == 0 else "failed", "MainPID": "0"})
            return
        restarts += 1
        _write(unit, {"ActiveState": "activating", **about, "MainPID": "0"})
        end = time.monotonic() + SECONDS_PER_SECOND * float(settings["RestartSec"])
        _pause(lambda end=end: stopping or time.monotonic() > end)
        if stopping:
            _write(unit, {"ActiveState": "inactive", "MainPID": "0"})
            return


def _pause(is_over):
    while not is_over():
        time.sleep(0.01)


def _monotonic_us():
    return int(float(Path("/proc/uptime").read_text().split()[0]) * 1e6)


def _start(unit):
    _stop(unit)
    if not _unit_file(unit).exists():
        sys.exit(f"Failed to start {unit}: Unit {unit} not found.")
    state = _folder() / unit
    if state.exists():
        state.unlink()
    nothing = subprocess.DEVNULL
    command = [sys.executable, __file__, "supervise", unit]
    subprocess.Popen(command, start_new_session=True, stdin=nothing, stdout=nothing, stderr=nothing)
    _pause(state.exists)


def _stop(unit):
    state = _read(unit)
    if state.get("ActiveState") in ("active", "activating"):
        try:
            os.kill(state["supervisor"], signal.SIGTERM)
        except ProcessLookupError:
            # It ended by itself meanwhile.
            return
        _pause(lambda: _read(unit)["ActiveState"] not in ("active", "activating"))


def _systemctl(scope, verb, *args):
    assert scope == "--user", scope
    units = [arg for arg in args if not arg.startswith("--")]
    if verb == "show":
        state = {"Version": "252", "ActiveState": "inactive", "NRestarts": "0", **(_read(units[0]) if units else {})}
        for name in (arg.partition("=")[2] for arg in args if arg.startswith("--property=")):
            print(f"{name}={state.get(name, '[not set]')}")
    elif verb in ("start", "restart"):
        _start(units[0])
    elif verb == "try-restart":
        if _read(units[0]).get("ActiveState") == "active":
            _start(units[0])
    elif verb in ("stop", "disable"):
        _stop(units[0])
    else:
        assert verb in ("daemon-reload", "enable", "reset-failed"), verb


def _loginctl(verb, *_args):
    file = _folder() / "lingering"
    if verb == "show-user":
        print(f"Linger={'yes' if file.read_text() == 'on' else 'no'}")
    elif file.read_text() == "granted":
        file.write_text("on")
    else:
        sys.exit("Could not enable linger: Interactive authentication required.")


def _journalctl(*args):
    count = next(int(arg.partition("=")[2]) for arg in args if arg.startswith("--lines="))
    journal = _folder() / "journal"
    lines = journal.read_text().splitlines() if journal.exists() else []
    print("\n".join(lines[-count:]))


if __name__ == "__main__":
    _tool, *_args = sys.argv[1:]
    {"systemctl": _systemctl, "loginctl": _loginctl, "journalctl": _journalctl, "supervise": _supervise}[_tool](*_args)
