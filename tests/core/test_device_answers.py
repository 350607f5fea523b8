"""What a device may say: each answer is a value within its bounds, or a sentence; none is a traceback or a wait."""

import json

import pytest

from core.deploy import monitor_log
from core.deploy.check import check
from core.deploy.connection import Connection
from core.deploy.device.power import read_power
from core.deploy.device.sensor import parse_reading
from core.deploy.forecast import ForecastSource, forecast_once
from core.deploy.live import LiveStep, hear_live
from core.deploy.release import roll_back
from core.deploy.service import ListeningService
from core.errors import DataError, DeviceError
from tests.mutation.played import PlayedConnection, Said

HOME = {"home": Said(b"/home/pi")}
DEEP = b'{"a":' * 100_000
PROBED = """probe system=Linux
probe machine=aarch64
probe cores=4
probe memory_kib=3884360
probe free_kib=9000000
probe user=pi
probe home=/home/pi
probe temperature=cpu-thermal 51121
probe now_s=1718000000
probe python=CPython 3.11.2 64 /usr/bin/python3
"""
UNIT = "ActiveState=active\nNRestarts=2\nCPUUsageNSec=1000000000\nActiveEnterTimestampMonotonic=1000000\n"
LISTENING = {
    "kind": "listening",
    "labels": ["go", "stop"],
    "sample_rate": 16000,
    "hop_ms": 20,
    "frame_step_ms": 20,
    "threshold": 0.5,
    "source": "microphone",
}
STEP = {"kind": "step", "heard_s": 1.0, "probabilities": [0.5, 0.5], "smoothed": [0.5, 0.5], "columns": [[1.0], [2.0]]}
READING = {"kind": "reading", "id": 1, "session": 1, "time_s": 1.7e9}
FORECAST = {
    "kind": "forecast",
    "source": "weather.csv",
    "step_minutes": 60,
    "past": {"times": [], "quantities": []},
    "coming": {
        "times": ["2026-06-01T12:00:00+02:00"],
        "quantities": [{"column": "t", "name": "t", "unit": "°C", "values": [20.0]}],
    },
}


def test_a_process_group_that_is_none(monkeypatch):
    for group in (b"no number", b"-1", b"0", b"1", "²".encode(), b"9" * 5000):
        said = Said(mark=b"tinyml-workbench-process-group " + group + b"\n")
        with pytest.raises(DeviceError, match=r"^The device gave '.{1,40}' for a process group"):
            PlayedConnection({"home": said}).run("sh", "-c", 'printf %s "$HOME"')


def test_a_home_folder_that_is_no_path():
    for home in (b"", b"home/pi", b"/home/\0", b"/" + b"x" * 100_000):
        with pytest.raises(
            DeviceError, match=r"^played: calls its home folder '.{0,310}', which is not an absolute path"
        ):
            _ = PlayedConnection({"home": Said(home)}).home


@pytest.mark.parametrize(
    ("whole", "damaged"),
    [
        ("cores=4", "cores=²"),
        ("cores=4", "cores=-4"),
        ("memory_kib=3884360", "memory_kib=-1"),
        ("now_s=1718000000", "now_s=inf"),
        ("now_s=1718000000", "now_s=nan"),
        ("now_s=1718000000", "now_s=-1"),
        ("now_s=1718000000", "now_s=1e300"),
        ("CPython 3.11.2 64 /usr/bin/python3", "CPython"),
        ("user=pi", "sure"),
    ],
)
def test_facts_that_cannot_be(whole, damaged):
    assert check(_probed(PROBED)).facts.cores == 4
    with pytest.raises(DeviceError, match="is not a Linux machine as expected"):
        check(_probed(PROBED.replace(whole, damaged)))


def test_a_sensor_without_a_number_and_a_version_without_one_are_passed_over():
    assert check(_probed(PROBED.replace("51121", "²"))).facts.temperature_c is None
    assert check(_probed(PROBED.replace("51121", "9" * 5000))).facts.temperature_c is None
    assert check(_probed(PROBED.replace("3.11.2", "3.²"))).facts.pythons[0].version == (3,)


@pytest.mark.parametrize("restarts", ["²", "-1", "", "1e3", "9" * 5000, str(2**64 - 1)])
def test_a_count_of_restarts_that_is_none(restarts):
    assert _service().status().restarts == 2
    assert _service(UNIT.replace("NRestarts=2", f"NRestarts={restarts}")).status().restarts == 0


@pytest.mark.parametrize("uptime", [b"inf 1", b"nan", b"-5", b"soon", b"", b"\xff"])
def test_a_time_since_the_start_that_is_none(uptime):
    assert _service().status().running_s == 99
    status = _service(uptime=uptime).status()
    assert (status.state, status.running_s, status.cpu_share) == ("running", None, None)


@pytest.mark.parametrize("said", [DEEP, b"[]", b"7", b'{"message": NaN}', b'{"message": "\\ud800"}', b'{"kind": 5}'])
def test_a_state_that_cannot_be_read_is_none(said):
    assert _service(state=b'{"kind": "warned", "message": "no microphone"}').status().message == "no microphone"
    assert _service(state=said).status().message == ""


@pytest.mark.parametrize(
    "line",
    [
        DEEP,
        b"[]",
        b'"kind"',
        b'{"kind": ["step"]}',
        b'{"kind": "step"}',
        b'{"kind": "warned", "message": "\\ud800"}',
        json.dumps({**LISTENING, "hop_ms": 0}).encode(),
        json.dumps({**LISTENING, "threshold": float("inf")}).encode(),
        json.dumps(LISTENING).replace('"threshold": 0.5', '"threshold": 1e999').encode(),
        json.dumps({**LISTENING, "features": {"kind": "mfcc"}}).encode(),
        json.dumps(LISTENING).encode() + b"\n" + json.dumps({**STEP, "smoothed": [0.5]}).encode(),
        json.dumps(LISTENING).encode() + b"\n" + json.dumps({**STEP, "columns": [[1.0], [1.0, 2.0]]}).encode(),
        json.dumps(STEP).encode(),
    ],
)
def test_what_is_heard_that_cannot_be(line):
    whole = "\n".join(map(json.dumps, (LISTENING, STEP))).encode()
    assert isinstance(list(hear_live(PlayedConnection({**HOME, "spot": Said(whole)})))[1], LiveStep)
    with pytest.raises(DeviceError, match="said something unexpected") as told:
        list(hear_live(PlayedConnection({**HOME, "spot": Said(line)})))
    assert len(str(told.value)) < 300


@pytest.mark.parametrize("time_s", ["-1", "1e300", "1e999", '"soon"', "null", "253400000000"])
def test_a_reading_at_a_time_that_is_none(time_s):
    line = json.dumps(READING).replace("1700000000.0", time_s)
    with pytest.raises(DeviceError, match="said something unexpected"):
        list(monitor_log.readings(PlayedConnection({**HOME, "history readings": Said(line.encode())})))


@pytest.mark.parametrize(
    ("whole", "damaged"),
    [
        ("2026", "0001"),
        ("2026-06-01T12:00:00+02:00", "9999-12-31T23:59:59-12:00"),
        ("[20.0]", "[]"),
        ("[20.0]", "[1e999]"),
        ('"step_minutes": 60', '"step_minutes": 0'),
    ],
)
def test_a_forecast_that_cannot_be(whole, damaged):
    line = json.dumps(FORECAST, ensure_ascii=False)
    source = ForecastSource(kind="csv", place="weather.csv")
    forecast, _ = forecast_once(PlayedConnection({**HOME, "forecast": Said(line.encode())}), source)
    assert forecast.coming.quantities[0].values == (20.0,)
    assert whole in line
    with pytest.raises(DeviceError, match="said something unexpected"):
        forecast_once(PlayedConnection({**HOME, "forecast": Said(line.replace(whole, damaged).encode())}), source)


@pytest.mark.parametrize("said", [DEEP, b"[]", b'"release"', b"{}", b'{"release": "\\udfff"}', b"x" * 5_000_000])
def test_a_release_that_is_none(said):
    with pytest.raises(DeviceError, match="the release could not be handled there") as told:
        roll_back(PlayedConnection({**HOME, "release": Said(said)}))
    assert len(str(told.value)) < 500


@pytest.mark.parametrize("said", [DEEP, b"[]", b'{"schema_version": "1"}', b'{"schema_version": 1, "labels": 5}'])
def test_settings_that_cannot_be_read(said):
    with pytest.raises(DeviceError, match="the settings of its model cannot be read"):
        ListeningService(PlayedConnection({**HOME, "settings.json": Said(said)})).deployed_labels()


@pytest.mark.parametrize("said", [DEEP, b"[]", b'{"schema_version": 1, "words": []}'])
def test_a_table_of_actions_that_is_none(said):
    with pytest.raises(DeviceError, match="is not a table of actions"):
        ListeningService(PlayedConnection({**HOME, "actions.json": Said(said)})).actions()


def test_half_a_character_in_a_sentence_is_escaped():
    said = Said(b'{"kind": "failed", "message": "no \\udc80 \\ud83d\\ude00"}')
    with pytest.raises(DeviceError, match=r"^played: no \\udc80 😀$"):
        list(hear_live(PlayedConnection({**HOME, "spot": said})))


@pytest.mark.parametrize("said", ["[" * 100_000, "1e999", "NaN", "-Infinity", "1" + "0" * 400, '"80"'])
def test_what_a_battery_or_a_sensor_cannot_tell(tmp_path, said):
    wrote = tmp_path / "wrote"
    wrote.write_text(f'{{"battery_percent": {said}}}')
    with pytest.raises(ValueError, match="the battery's command must"):
        read_power(tmp_path, f"cat {wrote}")
    with pytest.raises(DataError, match="the sensor's command"):
        parse_reading(f'{{"light": {said}}}')


def test_a_last_word_without_end_is_cut():
    answer = PlayedConnection({"home": Said(b"x" * 5_000_000, status=3)}).run("sh", "-c", 'printf %s "$HOME"')
    with pytest.raises(DeviceError) as told:
        answer.required("no home")
    assert len(str(told.value)) < 400


def test_a_flood_on_stderr_ends_at_the_timeout_and_is_kept_in_part(connection: Connection):
    flood = ("sh", "-c", "exec head -c 2000000000 /dev/zero >&2")
    with pytest.raises(DeviceError, match="did not end within 0 s"):
        connection.run(*flood, timeout_s=0.5)
    assert connection.run("echo", "still here").out == "still here\n"


def _probed(text: str) -> PlayedConnection:
    return PlayedConnection({**HOME, "probe": Said(text.encode())})


def _service(unit: str = UNIT, uptime: bytes = b"100.0 5", state: bytes = b"") -> ListeningService:
    actions = b'{"schema_version": 1, "words": {}, "broker": {"host": "h", "port": 1}, '
    actions += b'"monitor": {"interval_s": 5, "battery_command": ""}, "microphone": ""}'
    said = {"systemctl": Said(unit.encode()), "uptime": Said(uptime), "state.json": Said(state)}
    return ListeningService(PlayedConnection({**HOME, **said, "actions.json": Said(actions), "id -u": Said(b"1000")}))
