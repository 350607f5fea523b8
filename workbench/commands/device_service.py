"""Commands around the listening service of a device and its battery monitor."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.commands.device_session import Answers, NameArgument, PasswordOption, ask_device, follow_device
from workbench.commands.options import AsJson
from workbench.commands.service_actions import FORMS, parse_actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.events import DeviceSaid, Event


class Verb(StrEnum):
    """What can be done with a service."""

    install = "install"
    start = "start"
    stop = "stop"
    status = "status"
    detections = "detections"
    uninstall = "uninstall"


def service(
    name: NameArgument,
    verb: Annotated[Verb, typer.Argument(help="What to do with it.", show_default=False)],
    do: Annotated[
        list[str] | None,
        typer.Option(
            "--do",
            metavar="WORD=ACTION",
            help=f"With install, what a word sets off: {FORMS}. Repeatable; without it, go starts the battery monitor "
            "and stop ends it.",
        ),
    ] = None,
    broker: Annotated[
        str, typer.Option("--broker", metavar="HOST[:PORT]", help="Of MQTT, as the device sees it.")
    ] = "127.0.0.1",
    battery: Annotated[
        str, typer.Option("--battery", metavar="COMMAND", help="Writes the percentage that a battery HAT tells.")
    ] = "",
    every: Annotated[
        float, typer.Option("--every", metavar="S", min=0.1, max=3600, help="Seconds between readings of the monitor.")
    ] = 1.0,
    microphone: Annotated[
        str, typer.Option("--microphone", metavar="NAME", help="ALSA's name of it; `arecord -L` names them there.")
    ] = "",
    wav: Annotated[
        str,
        typer.Option(
            "--wav",
            metavar="PATH",
            help="File or folder there, in place of a microphone.",
        ),
    ] = "",
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="Detections shown.")] = 20,
    password_stdin: PasswordOption = False,
    as_json: AsJson = False,
) -> None:
    """Put the deployed model to work: it listens from the device's start on, and acts on words.

    Example: `workbench device service kitchen install --do go=monitor:start --do stop=monitor:stop --do "yes=run:date"`
    """
    from core.deploy.service import HeardWord, ServiceStatus
    from core.experiment.service_jobs import ControlService, InstallService, LookAtService
    from workbench import console
    from workbench.commands import service_sheet

    answers = Answers(password_stdin=password_stdin)
    if verb in (Verb.status, Verb.detections):
        wanted = last if verb is Verb.detections else 0
        answer = ask_device(LookAtService(device=name, num_detections=wanted), answers)
        if as_json:
            console.answer(answer["detections"] if verb is Verb.detections else answer["status"])
        elif verb is Verb.detections:
            service_sheet.show_detections(name, [HeardWord.model_validate(each) for each in answer["detections"]])
        else:
            service_sheet.show_status(ServiceStatus.model_validate(answer["status"]))
        return
    job: InstallService | ControlService
    if verb is Verb.install:
        host, port = _host_and_port(broker)
        job = InstallService(
            device=name,
            words=parse_actions(do) if do else None,
            broker_host=host,
            broker_port=port,
            monitor_interval_s=every,
            battery_command=battery,
            microphone=microphone,
            wav=wav,
        )
    else:
        job = ControlService.model_validate({"device": name, "verb": verb.value})
    status = ask_device(job, answers)
    if as_json:
        console.answer(status)
    else:
        service_sheet.show_status(ServiceStatus.model_validate(status))


def monitor(
    name: NameArgument,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write all that the monitor wrote into this file.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as the monitor writes, until Ctrl+C.")] = False,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, max=100_000, help="Readings to begin with.")] = 60,
    password_stdin: PasswordOption = False,
    as_json: AsJson = False,
) -> None:
    """Show what the battery monitor of a device wrote: battery, mains, temperature of the processor, load.

    With --follow and --json there is one JSON document a line.

    Example: `workbench device monitor kitchen --csv battery.csv`
    """
    from core.deploy.monitor_log import MonitorState, Reading
    from core.experiment.service_jobs import ExportMonitor, ReadMonitor
    from workbench import console
    from workbench.commands import service_sheet

    answers = Answers(password_stdin=password_stdin)
    if csv is not None:
        written = ask_device(ExportMonitor(device=name, csv=str(csv.resolve())), answers)
        if as_json:
            console.answer(written)
        else:
            console.note(f"{written['num_readings']:,} readings in {written['csv']}")
        return
    if follow:
        _follow(name, last, answers, _say_line if as_json else None)
        return
    answer = ask_device(ReadMonitor(device=name, num_readings=last), answers)
    if as_json:
        console.answer(answer)
    else:
        state = MonitorState.model_validate(answer["monitor"])
        readings = [Reading.model_validate(each) for each in answer["readings"]]
        console.stdout.print(service_sheet.monitor_picture(name, state, readings))


def _follow(name: str, last: int, answers: Answers, say: "Callable[[DeviceSaid], None] | None") -> None:
    """Show readings as they come, or let `say` have them; Ctrl+C is how this ends."""
    from collections import deque

    from rich.live import Live

    from core.deploy.monitor_log import MonitorState, Reading
    from core.events import DeviceSaid
    from core.experiment.service_jobs import FollowMonitor
    from workbench import console
    from workbench.commands import service_sheet

    state = MonitorState()
    readings: deque[Reading] = deque(maxlen=service_sheet.MOST_COLUMNS)
    picture = Live(console=console.stdout, auto_refresh=False)

    def show(said: DeviceSaid) -> None:
        nonlocal state
        if said.what == "MonitorState":
            state = MonitorState.model_validate(said.values)
        else:
            readings.append(Reading.model_validate(said.values))
        if not picture.is_started:
            picture.start()
        picture.update(service_sheet.monitor_picture(name, state, readings), refresh=True)

    def hear(event: "Event") -> None:
        if isinstance(event, DeviceSaid):
            (say or show)(event)

    try:
        follow_device(FollowMonitor(device=name, num_readings=last), answers, hear)
    finally:
        picture.stop()


def _say_line(said: "DeviceSaid") -> None:
    import json

    from workbench import console

    console.answer_text(json.dumps(said.values) + "\n")


def _host_and_port(broker: str) -> tuple[str, int]:
    host, colon, port = broker.rpartition(":")
    if not colon:
        return broker, 1883
    if not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise typer.BadParameter(f"HOST or HOST:PORT is wanted, not {broker!r}", param_hint="--broker")
    return host, int(port)
