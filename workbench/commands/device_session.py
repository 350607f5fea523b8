"""Ask a device for something from the command line, answering its questions: its host key, a password."""

import contextlib
import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench import console
from workbench.commands import completions

if TYPE_CHECKING:
    from core.errors import PasswordWanted, UnknownHostKey
    from core.events import Emit
    from core.experiment.device_jobs import AnyDeviceJob
    from core.experiment.service_jobs import AnyServiceJob

_MOST_PASSWORDS = 3
_CANCELLED = 130

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="What you called the device; `device list` names them.",
        show_default=False,
        autocompletion=completions.devices,
    ),
]
FingerprintOption = Annotated[
    str,
    typer.Option("--fingerprint", metavar="SHA256:…", help="Of the host key at the first contact, instead of asking."),
]
PasswordOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read a password from the first line of stdin, instead of asking.")
]
KeepOption = Annotated[
    bool, typer.Option("--keep-password", help="Keep the password in the system keyring, and nowhere else.")
]


@dataclass(frozen=True)
class Answers:
    """What the user said beforehand. A password is no option, for other users see the command line of a process."""

    fingerprint: str = ""
    password_stdin: bool = False
    keep_password: bool = False


def ask_device(
    job: "AnyDeviceJob | AnyServiceJob",
    answers: Answers,
    title_of: Callable[[str], str] = str,
    narrator: "Emit | None" = None,
) -> Any:
    """Carry out a job on a device and return its answer, asking on the terminal what it wants to know.

    `narrator` hears the events of the job; without one progress is shown.
    Raises WorkbenchError, with a sentence on which option answers where there is no terminal.
    """
    from core.errors import PasswordWanted, UnknownHostKey
    from core.experiment.device_intentions import carry_out

    job = _with_password(job, _first_line()) if answers.password_stdin else job
    job = job.model_copy(update={"fingerprint": answers.fingerprint, "keep_password": answers.keep_password})
    passwords_left = 0 if answers.password_stdin else _MOST_PASSWORDS
    while True:
        try:
            with contextlib.nullcontext(narrator) if narrator else console.progress(title_of) as told:
                return carry_out(job, told)
        except UnknownHostKey as question:
            job = job.model_copy(update={"fingerprint": _confirmed(question, job.fingerprint)})
        except PasswordWanted as question:
            if not passwords_left:
                raise
            job = _with_password(job, _typed(question))
            passwords_left -= 1


def follow_device(job: "AnyServiceJob", answers: Answers, narrator: "Emit") -> None:
    """Carry out a job that ends with Ctrl+C, so that nothing has to be said of it then. Raises WorkbenchError."""
    try:
        ask_device(job, answers, narrator=narrator)
    except KeyboardInterrupt:
        raise typer.Exit(_CANCELLED) from None


def _confirmed(question: "UnknownHostKey", given: str) -> str:
    from core.errors import DeviceError

    if given:
        raise DeviceError(f"{question.host} shows the fingerprint {question.fingerprint}, not {given}") from question
    if not sys.stdin.isatty():
        raise DeviceError(f"{question}, by --fingerprint {question.fingerprint}") from question
    console.say(f"{question}.")
    if not typer.confirm("Is this your device?", err=True):
        raise DeviceError(f"{question.host} was not confirmed; nothing was sent to it") from question
    return question.fingerprint


def _typed(question: "PasswordWanted") -> str:
    from core.errors import DeviceError

    if not sys.stdin.isatty():
        raise DeviceError(f"{question}, or hand it over by --password-stdin") from question
    console.say(f"{question}.")
    # getpass writes its prompt to the terminal itself, so that stdout stays the answer's.
    with contextlib.suppress(EOFError):
        return getpass.getpass("Password: ")
    raise question


def _with_password(job: "AnyDeviceJob | AnyServiceJob", password: str) -> "AnyDeviceJob | AnyServiceJob":
    from pydantic import SecretStr

    return job.model_copy(update={"password": SecretStr(password)})


def _first_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")
