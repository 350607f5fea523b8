"""Provisioning on a real SSH server with real pip, of packages that weigh nothing; the real ones in a slow test."""

import re
import shutil
import subprocess
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from core.deploy import probe as probe_module
from core.deploy import provision as module
from core.deploy import runtimes, wheels
from core.deploy.check import check, skew_in_words
from core.deploy.provision import is_provisioned, provision, provisioned
from core.deploy.runtimes import Interpreter, Runtime, choose
from core.errors import DeviceError
from core.events import ignore
from tests.ssh_server import tiny_disk

# Not by importing pip: setuptools then warns of a distutils that another test has loaded before.
PIP = metadata.distribution("pip")
INTERPRETER = "class Interpreter: pass\n"


@pytest.fixture
def packages(tmp_path, monkeypatch) -> Path:
    """Folder of wheels, and a runtime made of them in place of those there are."""
    folder = tmp_path / "some wheels"
    folder.mkdir()
    write_wheel(folder, "numpy", "9.9", {"numpy/__init__.py": "__version__ = '9.9'\n"})
    write_wheel(
        folder, "tiny_runtime", "1.0", {"tiny_runtime/__init__.py": "", "tiny_runtime/interpreter.py": INTERPRETER}
    )
    copy_pip(folder)
    tiny = Runtime(("tiny-runtime==1.0", "numpy==9.9"), ("x86_64", "aarch64", "armv7l"), (3, 9), (3, 99), (2, 17))
    monkeypatch.setattr(runtimes, "RUNTIMES", (tiny,))
    monkeypatch.setattr(module, "RUNTIMES", (tiny,))
    monkeypatch.setattr(wheels, "PIP", f"pip=={PIP.version}")
    return folder


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "".join(f"{path},,\n" for path in (*files, f"{about}/RECORD")))


def copy_pip(folder: Path) -> None:
    """Make a wheel of the pip that is installed here."""
    own = Path(str(PIP.locate_file("pip")))
    with zipfile.ZipFile(folder / f"pip-{PIP.version}-py3-none-any.whl", "w") as wheel:
        for path in own.rglob("*.p*"):
            if "__pycache__" not in path.parts:
                wheel.write(path, path.relative_to(own.parent))


def test_provisioning_once_and_again(connection, ssh_device, packages):
    report = check(connection)
    assert not report.provisioned and not report.missing and report.runtime == "tiny-runtime 1.0"
    said = []
    made = provision(connection, said.append, packages)
    assert made.runtime == "tiny-runtime 1.0"
    assert any(event.what.startswith("Uploading") for event in said)
    environment = (ssh_device.base / "venv").resolve()
    done = subprocess.run(
        [environment / "bin" / "python", "-E", "-c", "import numpy; print(numpy.__file__)"], capture_output=True
    )
    assert str(environment) in done.stdout.decode()
    assert check(connection).provisioned
    said.clear()
    assert provision(connection, said.append, packages) == made
    assert not said and (ssh_device.base / "venv").resolve() == environment


def test_a_broken_environment_is_made_again_without_uploading_again(connection, ssh_device, packages, monkeypatch):
    provision(connection, wheels=packages)
    before = (ssh_device.base / "venv").resolve()
    shutil.rmtree(next(before.glob("lib/python3*/site-packages/tiny_runtime")))
    (ssh_device.base / "wheels" / "numpy-9.9-py3-none-any.whl").write_bytes(b"damaged")
    said = []
    provision(connection, said.append, packages)
    assert (ssh_device.base / "venv").resolve() != before
    assert {event.what for event in said if event.what.startswith("Up")} == {"Uploading numpy-9.9-py3-none-any.whl"}
    assert provisioned(connection).runtime == "tiny-runtime 1.0"
    # As when the system has got a newer Python meanwhile.
    (ssh_device.base / "venv" / "bin" / "python").unlink()
    assert not check(connection).provisioned
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DeviceError, match="packages for the device could not be fetched"):
        provisioned(connection)


@pytest.mark.parametrize("moment", ["Uploading numpy", "Installing packages"])
def test_a_connection_cut_meanwhile_leaves_nothing_in_force_and_it_goes_on(connection, ssh_device, packages, moment):
    def cut(event):
        if event.what.startswith(moment):
            ssh_device.cut()

    with pytest.raises(DeviceError):
        provision(connection, cut, packages)
    assert not (ssh_device.base / "venv").exists()
    with ssh_device.connect() as again:
        assert not check(again).provisioned
        if moment == "Installing packages":
            provision(again, wheels=packages)
            assert check(again).provisioned
            assert len(list((ssh_device.base / "environments").iterdir())) == 1


def test_a_device_without_python(connection, ssh_device, packages):
    (ssh_device.tools / "python3").unlink()
    assert "There is no Python 3" in check(connection).missing[0]
    with pytest.raises(
        DeviceError, match=r"loop: there is no Python 3; install it there by `sudo apt install python3`"
    ):
        provision(connection, ignore, packages)


@pytest.mark.parametrize(
    ("kernel", "said", "sentence"),
    [
        ("x86_64", "CPython 3.8.10 64", "Python 3.8 is too old; install Python 3.11"),
        ("x86_64", "PyPy 3.10.14 64", "o LiteRT is built for PyPy 3.10"),
        ("x86_64", "CPython 3.99.0 64", "o LiteRT is built for CPython 3.99 on x86_64 with glibc"),
        ("x86_64", "CPython 3.13.1 32", r"ts system is a 32-bit one \(i686\)"),
        # 32-bit Raspberry Pi OS has a 64-bit kernel where the processor takes one.
        ("aarch64", "CPython 3.13.5 32", r"ts system is a 32-bit one \(armv7l\), for which LiteRT is not built"),
        ("armv7l", "CPython 3.13.5 32", "install a 64-bit system there, such as the 64-bit Raspberry Pi OS"),
        ("armv6l", "CPython 3.11.2 32", r"ts system is a 32-bit one \(armv6l\)"),
    ],
)
def test_a_python_that_no_wheel_is_for(connection, ssh_device, kernel, said, sentence):
    ssh_device.put_tool("python3", f"echo {said}")
    ssh_device.put_tool("uname", f'[ "$1" = -s ] && echo Linux || echo {kernel}')
    with pytest.raises(DeviceError, match=sentence):
        provision(connection)
    assert re.search(sentence, check(connection).missing[0])
    assert not ssh_device.base.exists()


def test_a_newer_python_beside_an_old_one_is_found(connection, ssh_device, account):
    ssh_device.put_tool("python3", "echo CPython 3.8.10 64")
    ssh_device.put_tool("python3.11", "echo CPython 3.11.2 64")
    assert check(connection).python.startswith("3.11.")


def test_a_home_that_cannot_be_written(connection, ssh_device, packages):
    ssh_device.home.chmod(0o555)
    if connection.run("touch", str(ssh_device.home / "x")).status == 0:
        pytest.skip("needs a user other than root")
    assert "cannot be written" in check(connection).missing[0]
    with pytest.raises(DeviceError, match="cannot be written"):
        provision(connection, ignore, packages)


def test_a_disk_without_room(connection, ssh_device, packages):
    ssh_device.put_tool("df", 'echo header; echo "/dev/x 1000 999 1024 99% /"')
    assert "has 1 MB free, provisioning needs 250 MB" in check(connection).missing[0]
    with pytest.raises(DeviceError, match="has 1 MB free"):
        provision(connection, ignore, packages)


def test_a_disk_that_fills_up(connection, ssh_device, packages, monkeypatch):
    monkeypatch.setattr(module, "NEEDED_BYTES", 0)
    with tiny_disk(ssh_device, ssh_device.base), pytest.raises(DeviceError, match=r"its disk is full.*free some space"):
        provision(connection, ignore, packages)
    assert not (ssh_device.base / "venv").exists()


def test_packages_that_are_not_at_hand(connection, packages, monkeypatch, tmp_path):
    next(packages.glob("numpy*")).unlink()
    with pytest.raises(DeviceError, match=r"has no wheel of numpy==9\.9"):
        provision(connection, ignore, packages)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(DeviceError, match=r"could not be fetched .*--wheels"):
        provision(connection)


def test_a_package_that_does_not_run_is_not_put_in_force(connection, ssh_device, packages):
    write_wheel(
        packages, "tiny_runtime", "1.0", {"tiny_runtime/interpreter.py": "raise ImportError('illegal instruction')"}
    )
    with pytest.raises(DeviceError, match=r"1\.0 does not run there: ImportError: illegal instruction"):
        provision(connection, ignore, packages)
    assert not (ssh_device.base / "venv").exists()


def test_what_a_device_is_in_sentences(connection, ssh_device):
    ssh_device.put_tool("vcgencmd", "echo throttled=0x50005")
    ssh_device.put_tool("date", "echo 1000000000")
    report = check(connection)
    assert report.facts.throttling.now == ("under-voltage", "throttled")
    assert report.facts.throttling.since_boot == ("under-voltage", "throttled")
    assert any("days behind this machine's" in note and "timedatectl" in note for note in report.notes)
    assert any("under-voltage and throttled now" in note for note in report.notes)
    assert report.facts.user == ssh_device.account.name and report.facts.cores > 0
    assert not is_provisioned(report.facts)


@pytest.mark.parametrize(
    ("bits", "now", "since_boot"),
    [
        ("0x0", (), ()),
        ("0x50000", (), ("under-voltage", "throttled")),
        ("0xf000f", ("under-voltage", "frequency capped", "throttled", "soft temperature limit"), ...),
        ("0x8", ("soft temperature limit",), ()),
    ],
)
def test_every_bit_of_the_firmware_is_a_word(connection, ssh_device, bits, now, since_boot):
    ssh_device.put_tool("vcgencmd", f"echo throttled={bits}")
    throttling = check(connection).facts.throttling
    assert throttling.now == now and throttling.since_boot == (now if since_boot is ... else since_boot)


def test_a_firmware_and_sensors_that_tell_nothing_are_passed_over(connection, ssh_device):
    ssh_device.put_tool("vcgencmd", "echo VCHI initialization failed; exit 255")
    report = check(connection)
    assert report.facts.throttling is None and not report.missing
    assert probe_module._temperature_c(["iwlwifi_1", "nvme 31000", "cpu-thermal 51234"]) == 51.234
    assert probe_module._temperature_c(["cpu-thermal", "wifi -5000"]) == -5
    assert probe_module._temperature_c(["cpu-thermal"]) is None


@pytest.mark.parametrize(
    ("skew_s", "words"),
    [(-7.4, "7 s"), (95, "1 min 35 s"), (-7260, "2 h 1 min"), (795_000_000, "9,201 days")],
)
def test_how_far_a_clock_is_off_is_told_in_words(skew_s, words):
    assert skew_in_words(skew_s) == words


def test_a_clock_that_is_right_is_not_mentioned(connection):
    report = check(connection)
    assert abs(report.clock_skew_s) < 2
    assert not any("clock" in note for note in report.notes)


def test_a_machine_that_is_no_linux(connection, ssh_device):
    ssh_device.put_tool("uname", "echo Darwin")
    with pytest.raises(DeviceError, match="is not a Linux machine as expected"):
        check(connection)


@pytest.mark.parametrize(
    ("interpreter", "runtime"),
    [
        (("CPython", (3, 11, 2), "aarch64", (2, 36)), "ai-edge-litert 2.3.0"),
        (("CPython", (3, 14, 0), "x86_64", (2, 41)), "ai-edge-litert 2.3.0"),
        (("CPython", (3, 10, 1), "aarch64", (2, 35)), "ai-edge-litert 2.3.0"),
        (("CPython", (3, 11, 2), "armv7l", (2, 36)), "tflite-runtime 2.14.0"),
        (("CPython", (3, 9, 2), "aarch64", (2, 31)), "tflite-runtime 2.13.0"),
        (("CPython", (3, 9, 2), "armv7l", (2, 31)), "tflite-runtime 2.13.0"),
    ],
)
def test_the_runtime_follows_from_what_the_device_is(interpreter, runtime):
    assert choose([Interpreter("/usr/bin/python3", *interpreter)])[1].name == runtime


def test_there_is_no_runtime_for_musl():
    with pytest.raises(DeviceError, match="not glibc"):
        choose([Interpreter("/usr/bin/python3", "CPython", (3, 11, 2), "aarch64", ())])


@pytest.mark.slow
def test_provisioning_with_the_real_packages(connection):
    made = provision(connection)
    assert made.runtime.startswith("ai-edge-litert")
    assert check(connection).provisioned
