"""Commands around devices: connect, look over, provision, deploy, benchmark, roll back."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from workbench.commands import completions, device_forecast, device_service
from workbench.commands.device_session import (
    Answers,
    FingerprintOption,
    KeepOption,
    NameArgument,
    PasswordOption,
    ask_device,
)
from workbench.commands.options import AsJson, StudyArgument, TrialArgument

app = typer.Typer(
    help="Deploy to a Raspberry Pi or any Linux machine over SSH, and measure there.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

app.command()(device_service.service)
app.command()(device_service.monitor)
app.command()(device_forecast.forecast)
app.command()(device_forecast.forecaster)

ThreadsOption = Annotated[
    str, typer.Option("--threads", metavar="1,2,4", help="Numbers of threads; 1 to all cores when not given.")
]
RunsOption = Annotated[int, typer.Option("--runs", metavar="N", min=10, help="Runs that are timed.")]
WarmupOption = Annotated[int, typer.Option("--warmup", metavar="N", min=0, help="Runs before the clock starts.")]
ClipsOption = Annotated[
    int, typer.Option("--clips", metavar="N", min=0, help="Test clips, or windows, judged there; 0 leaves that out.")
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you want to call it.", show_default=False)],
    host: Annotated[
        str,
        typer.Argument(
            metavar="[USER@]HOST",
            help="Name, address or alias of ~/.ssh/config.",
            show_default=False,
            autocompletion=completions.hosts,
        ),
    ],
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 means the usual one.")] = 0,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Private key; agent and default keys when not given."),
    ] = None,
    install_key: Annotated[
        bool, typer.Option("--install-key", help="Install your public key there, as ssh-copy-id does.")
    ] = False,
    fingerprint: FingerprintOption = "",
    password_stdin: PasswordOption = False,
    keep_password: KeepOption = False,
    as_json: AsJson = False,
) -> None:
    """Connect to a device for the first time, look it over and remember it.

    Example: `workbench device add kitchen pi@raspberrypi.local --install-key`
    """
    from core.deploy.check import DeviceReport
    from core.experiment.device_jobs import AddDevice
    from workbench import console
    from workbench.commands import device_sheet

    user, _, address = host.rpartition("@")
    job = AddDevice(
        device=name,
        host=address,
        port=port,
        user=user,
        key=str(key.expanduser().resolve()) if key else "",
        install_key=install_key,
    )
    report = ask_device(job, Answers(fingerprint, password_stdin, keep_password))
    if as_json:
        console.answer(report)
    else:
        device_sheet.show_report(DeviceReport.model_validate(report))


@app.command("list")
def list_known(as_json: AsJson = False) -> None:
    """List the devices you added.

    Example: `workbench device list`
    """
    from core.deploy.devices import list_devices
    from workbench import console
    from workbench.commands import device_sheet

    devices = list_devices()
    if as_json:
        console.answer({"devices": [device.model_dump() for device in devices]})
    elif devices:
        device_sheet.show_devices(devices)
    else:
        console.say("No device was added yet; `workbench device add` adds one.")


@app.command()
def check(
    name: NameArgument,
    fingerprint: FingerprintOption = "",
    password_stdin: PasswordOption = False,
    keep_password: KeepOption = False,
    as_json: AsJson = False,
) -> None:
    """Look a device over: model, system, memory, Python, temperature, throttling, clock, and what is missing.

    Example: `workbench device check kitchen`
    """
    from core.deploy.check import DeviceReport
    from core.experiment.device_jobs import CheckDevice
    from workbench import console
    from workbench.commands import device_sheet

    report = ask_device(CheckDevice(device=name), Answers(fingerprint, password_stdin, keep_password))
    if as_json:
        console.answer(report)
    else:
        device_sheet.show_report(DeviceReport.model_validate(report))


@app.command()
def provision(
    name: NameArgument,
    wheels: Annotated[
        Path | None,
        typer.Option("--wheels", metavar="DIR", help="Folder of wheels to use instead of the internet."),
    ] = None,
    password_stdin: PasswordOption = False,
    as_json: AsJson = False,
) -> None:
    """Make the device's own Python environment with LiteRT and numpy; needs no network and no root there.

    Example: `workbench device provision kitchen`
    """
    from core.experiment.device_jobs import ProvisionDevice
    from workbench import console

    job = ProvisionDevice(device=name, wheels=str(wheels.resolve()) if wheels else "")
    made = ask_device(job, Answers(password_stdin=password_stdin))
    if as_json:
        console.answer({"device": name, **made})
    else:
        console.note(f"{name} runs {made['runtime']} on Python {made['python']}.")


@app.command()
def deploy(
    name: NameArgument,
    study: StudyArgument,
    trial: TrialArgument,
    password_stdin: PasswordOption = False,
    as_json: AsJson = False,
) -> None:
    """Put a trial in force on a device; the one before it stays there for `rollback`.

    Example: `workbench device deploy kitchen studies/mine B`
    """
    from core.experiment.device_jobs import DeployTrial
    from core.experiment.store import Study
    from workbench import console

    opened = Study.open(study)
    job = DeployTrial(device=name, study=str(study.resolve()), trial=opened.find(trial))
    deployed = ask_device(job, Answers(password_stdin=password_stdin))
    if as_json:
        console.answer(deployed)
    else:
        console.note(f"{name} runs {deployed['release']} now.")


@app.command()
def benchmark(
    name: NameArgument,
    study: StudyArgument,
    trials: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TRIAL]...", help="Letters or folder names; all finished ones when none is given."),
    ] = None,
    threads: ThreadsOption = "",
    runs: RunsOption = 200,
    warmup: WarmupOption = 20,
    clips: ClipsOption = 200,
    deploy: Annotated[bool, typer.Option("--deploy", help="Deploy the first trial named before that.")] = False,
    password_stdin: PasswordOption = False,
    as_json: AsJson = False,
) -> None:
    """Measure trials on a device beside the reference trial, and keep the figures in them.

    Example: `workbench device benchmark kitchen studies/mine B --deploy`
    """
    from core.experiment.device_jobs import BenchmarkOnDevice
    from core.experiment.store import Study, TrialState
    from workbench import console
    from workbench.commands import device_sheet, trial_table

    opened = Study.open(study)
    finished = [summary.name for summary in opened.summaries() if summary.state is TrialState.FINISHED]
    names = tuple(map(opened.find, trials or finished))
    job = BenchmarkOnDevice(
        device=name,
        study=str(study.resolve()),
        trials=names,
        deploy=names[0] if deploy and names else "",
        threads=_numbers(threads),
        num_runs=runs,
        warmup_runs=warmup,
        num_clips=clips,
    )
    title_of = partial(trial_table.words, opened)
    answer = ask_device(job, Answers(password_stdin=password_stdin), title_of)
    if as_json:
        console.answer(answer)
        return
    for measured, latency in device_sheet.measured_latencies(answer):
        device_sheet.show_benchmark(title_of(measured), latency)


@app.command()
def rollback(name: NameArgument, password_stdin: PasswordOption = False, as_json: AsJson = False) -> None:
    """Put the release before the current one in force again; given twice, it is as before.

    Example: `workbench device rollback kitchen`
    """
    from core.experiment.device_jobs import RollBack
    from workbench import console

    done = ask_device(RollBack(device=name), Answers(password_stdin=password_stdin))
    if as_json:
        console.answer(done)
    else:
        console.note(f"{name} runs {done['release']} again.")


@app.command()
def remove(
    name: NameArgument,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Also delete everything of this program on the device.")
    ] = False,
    password_stdin: PasswordOption = False,
    as_json: AsJson = False,
) -> None:
    """Forget a device, its host key and its password.

    Example: `workbench device remove kitchen --uninstall`
    """
    from core.experiment.device_jobs import RemoveDevice
    from workbench import console

    ask_device(RemoveDevice(device=name, uninstall=uninstall), Answers(password_stdin=password_stdin))
    if as_json:
        console.answer({"removed": name})
    else:
        console.note(f"{name} is forgotten.")


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise typer.BadParameter(
            f"numbers from 1 on, with commas between them, are wanted, not {text!r}", param_hint="--threads"
        )
    return tuple(map(int, parts))
