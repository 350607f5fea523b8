"""What devices answer, as our programs on them write it, damaged: read by all that asks a device anything."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from random import Random
from types import SimpleNamespace

from core.deploy import benchmark, live, monitor_log, release
from core.deploy.check import check
from core.deploy.connection import Answer, Connection
from core.deploy.device.actions import Actions, Command, Logging, Message, actions_text
from core.deploy.device.forecast_settings import forecast_settings_text
from core.deploy.device.history import History
from core.deploy.devices import Device, config_root, keep_device, list_devices
from core.deploy.forecast import ForecastSource, follow_forecasts, forecast_once
from core.deploy.forecast_service import ForecastingService
from core.deploy.layout import Layout
from core.deploy.lock import held
from core.deploy.probe import probe
from core.deploy.provision import Environment
from core.deploy.service import ListeningService
from tests.device import fill_release, make_release, run_program
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_bytes, mutate_json, mutate_json_lines, mutate_text
from tests.mutation.played import MARK, PlayedConnection, Said
from tests.mutation.steady import steady, steady_lines

_SOURCE = ForecastSource(kind="csv", place="weather.csv")
_DEVICES = "devices"
_RELEASE = "0001-tones-0123456789ab"
_FLOOD_BYTES = 200_000

Ask = Callable[[Connection], object]


def _benchmark(connection: Connection) -> None:
    plan = benchmark.Plan(threads=(1,))
    benchmark.benchmark(connection, [_RELEASE], [], plan, lambda index, timing, session: None)


def _read_log(connection: Connection) -> None:
    found = [told for told in monitor_log.readings(connection) if isinstance(told, monitor_log.Reading)]
    monitor_log.write_csv(found, io.StringIO())


def _deploy(connection: Connection) -> None:
    release.deploy(connection, release.make_release("Words", "0123456789ab", b"TFL3", "{}"))
    release.roll_back(connection)


def _hold(connection: Connection) -> None:
    with held(connection, "venv/bin/python", "deploying"):
        pass


def _look_after_words(connection: Connection) -> None:
    service = ListeningService(connection)
    service.status()
    service.actions()


_ASKED: Mapping[str, tuple[Ask, ...]] = {
    "probe": (check,),
    "home": (check,),
    "bench": (_benchmark,),
    "spot": (lambda connection: list(live.hear_live(connection, "features")),),
    "history readings": (_read_log,),
    "history detections": (lambda connection: ListeningService(connection).detections(),),
    "forecast": (
        lambda connection: forecast_once(connection, _SOURCE),
        lambda connection: list(follow_forecasts(connection, _SOURCE)),
    ),
    "release": (_deploy,),
    "resident": (_deploy,),
    "held": (_hold,),
    "settings.json": (lambda connection: ListeningService(connection).deployed_labels(),),
    "actions.json": (_look_after_words,),
    "systemctl": (_look_after_words,),
    "journalctl": (_look_after_words,),
    "loginctl": (_look_after_words,),
    "uptime": (_look_after_words,),
    "state.json": (_look_after_words,),
    "source.json": (lambda connection: ForecastingService(connection).status(),),
    "forecast.json": (lambda connection: ForecastingService(connection).status(),),
    _DEVICES: (lambda connection: list_devices(),),
}
"""What reads each answer."""
_JSON = (".json", "release")
_LINES = ("bench", "spot", "history readings", "history detections", "forecast", "resident")


class Answers:
    """A device of which one answer is damaged; also the list of devices."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._seeds = {path.name: path.read_bytes() for path in sorted(seeds.iterdir())}
        assert self._seeds.keys() == _ASKED.keys() | {"id -u", "id -un", "current"}
        config_root().mkdir()

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Have the programs of a release say what they say, and write down what a system answers."""
        home = seeds.parent / "home"
        home.mkdir()
        for name, content in {**_TEXTS, **_written(), **_told(home, trials)}.items():
            (seeds / name).write_bytes(content)

    def whole(self) -> Iterator[tuple[str, Said]]:
        """Yield each answer as it is."""
        for name in _ASKED:
            yield name, Said(self._seeds[name])

    def damaged(self, rng: Random) -> tuple[str, Said]:
        """Return the name of an answer and what comes in its place."""
        name = rng.choice(list(_ASKED))
        content = self._seeds[name]
        if name in _LINES:
            content = mutate_json_lines(rng, content)
        elif name.endswith(_JSON):
            content = mutate_json(rng, content)
        else:
            content = mutate_text(rng, content)
        if rng.random() < 0.8:
            return name, Said(content)
        err = rng.choice((b"", b"Killed\n", rng.randbytes(64), b"\x1b[31m\n" * _FLOOD_BYTES))
        status = rng.choice((0, 1, 2, 127, 255, -1))
        return name, Said(content, err, status, rng.choice((MARK, mutate_bytes(rng, MARK), mutate_text(rng, MARK))))

    def attempts(self, given: tuple[str, Said]) -> Iterator[Attempt]:
        """Ask the device all that this answer is read for."""
        name, said = given
        if name == _DEVICES:
            (config_root() / "devices.json").write_bytes(said.out)
        answers = {other: Said(content) for other, content in self._seeds.items()} | {name: said}
        for ask in _ASKED[name]:
            yield partial(ask, PlayedConnection(answers))

    def tidy(self) -> None:
        """Nothing is left anywhere."""


_TEXTS = {
    "home": b"/home/pi",
    "held": b"held\n",
    "id -u": b"1000\n",
    "id -un": b"pi\n",
    "current": b"releases/0001-tones-0123456789ab\n",
    "uptime": b"5318.22 20113.90\n",
    "loginctl": b"Linger=yes\n",
    "journalctl": b'{"kind": "failed", "message": "no microphone"}\n',
    "systemctl": b"ActiveState=failed\nNRestarts=2\nCPUUsageNSec=1234567000\nMemoryCurrent=51298304\n"
    b"ActiveEnterTimestampMonotonic=4998112233\nMainPID=812\nVersion=252\n",
}
_PI = """probe model=Raspberry Pi 4 Model B Rev 1.5
probe temperature=cpu-thermal 51121
probe throttled=throttled=0x50000
probe governor=ondemand
probe now_s=1718000000
probe free_kib=9000000
probe memory_kib=3884360
"""


def _written() -> dict[str, bytes]:
    """Return the files that the program itself writes, here or on a device."""
    keep_device(Device(name="garden", host="192.168.7.20", port=2222, user="pi"))
    listed = (config_root() / "devices.json").read_bytes()
    table = Actions({"go": Logging("start"), "stop": Command("echo stop"), "left": Message("home/left")})
    return {
        _DEVICES: listed,
        "actions.json": actions_text(table).encode(),
        "source.json": _SOURCE.model_dump_json().encode(),
        "release": b'{"release": "0001-tones-0123456789ab"}\n',
        "state.json": b'{"kind": "warned", "pid": 812, "time_s": 1718000000.5, "message": "the disk is full"}\n',
    }


def _told(home: Path, trials: Trials) -> dict[str, bytes]:
    """Return what the programs of releases say here, where they run as on a device."""
    words = make_release(home / "words", trials.spotting)
    weather = fill_release(home / "weather", trials.forecasting, _forecast_settings(trials.forecasting))
    clips = trials.spotting.parents[2] / "clips" / "high"
    table = trials.forecasting.parents[2] / "weather.csv"
    measured = json.dumps(str(Layout(PurePosixPath("/home/pi")).releases / _RELEASE)).encode()
    history = History(home / "data")
    history.add_detection(1718000000.5, "go", 0.91, 3.25, "monitor started")
    session = history.begin_session(1718000000.0)
    for number in range(3):
        values = {"battery_percent": 80.5, "on_mains": False, "cpu_temperature_c": 50.1, "load_1min": 0.2}
        history.add_reading(session, 1718000001.0 + number, values)
    forecast = _said(weather, "forecast", f"--csv={table}", "--json", "--any-age", f"--keep={home / 'kept.json'}")
    return {
        "probe": _probed(home),
        "settings.json": (words / "settings.json").read_bytes(),
        "bench": _said(words, "bench", "--runs=3", "--warmup=1", "--threads=1").replace(b'"."', measured),
        "resident": _said(words, "resident", "."),
        "spot": _said(words, "spot", f"--wav={clips}", "--stream", "--features"),
        "history readings": _said(words, "history", home / "data", "readings"),
        "history detections": _said(words, "history", home / "data", "detections"),
        "forecast": b'{"kind": "waiting", "message": "two rows are missing"}\n' + forecast,
        "forecast.json": json.dumps(steady(json.loads((home / "kept.json").read_bytes()))).encode(),
    }


def _forecast_settings(trial: Path) -> str:
    frame = json.loads((trial / "preprocessing.json").read_bytes())
    return forecast_settings_text(frame, (0.0,) * len(frame["inputs"]))


def _said(folder: Path, program: str, *args: object) -> bytes:
    """Return what a program of a release says to its end, at most some lines of it."""
    told, status, err = run_program(folder, program, *args)
    assert status == 0, err
    return steady_lines(b"".join(json.dumps(values).encode() + b"\n" for values in told[:12]))


def _probed(home: Path) -> bytes:
    """Return what the probe says of this machine, with lines of a board's."""
    asked: list[bytes] = []

    def run(*args: str, input: bytes = b"", timeout_s: float = 0) -> Answer:  # noqa: A002
        asked.append(
            subprocess.run(
                args, input=input, capture_output=True, env={"HOME": str(home), "PATH": "/usr/bin:/bin"}
            ).stdout
        )
        return Answer(0, asked[-1].decode(), "")

    probe(SimpleNamespace(name="here", home=PurePosixPath("/home/pi"), run=run))  # type: ignore[arg-type]
    here = [line for line in asked[0].decode().splitlines() if not line.startswith(_CHANGING)]
    python = f"probe python=CPython 3.11.2 64 {sys.executable}\n"
    installed = Environment(python="3.11", runtime="ai-edge-litert 2.3.0", requirements=("numpy==2.4.6",))
    rest = f"probe provisioned={installed.model_dump_json()}\n"
    return ("\n".join(here) + "\n" + _PI + python + rest).encode()


_CHANGING = ("probe now_s", "probe free_kib", "probe memory_kib", "probe model", "probe throttled", "probe python")
