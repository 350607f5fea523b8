"""Every error the user can cause or meet: what must hold, what was given, what to do."""

from dataclasses import dataclass


class WorkbenchError(Exception):
    """An error whose message is a sentence for the user, so it is shown without a traceback."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a spec: the dotted path of the field and a sentence with the remedy."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class SpecError(WorkbenchError):
    """A spec that cannot be used; carries every problem at once, so that one reading mends them all."""

    def __init__(self, problems: tuple[Problem, ...], source: str = "") -> None:
        self.problems = problems
        self.source = source
        head = f"{source}: " if source else ""
        super().__init__(head + "; ".join(str(problem) for problem in problems))


class DataError(WorkbenchError):
    """A clip, folder or table that cannot be used; names the file."""


class StudyError(WorkbenchError):
    """A study folder that cannot be read or written; names the folder."""


class ModelError(WorkbenchError):
    """A model file that cannot be run, or does not fit the settings it is used with; names the file."""


class FeatureError(WorkbenchError):
    """Features that cannot be computed on this machine; says what to install."""


class AudioError(WorkbenchError):
    """A microphone or loudspeaker that cannot be used; names the device and what to do."""


class DeviceError(WorkbenchError):
    """A device that cannot be reached, or does not do what is asked; names it and what to do."""


class UnknownHostKey(DeviceError):
    """A device met for the first time: nothing was sent to it yet, and the user decides by its fingerprint."""

    def __init__(self, host: str, key_type: str, fingerprint: str) -> None:
        self.host = host
        self.key_type = key_type
        self.fingerprint = fingerprint
        super().__init__(
            f"{host} is not known yet. Its {key_type} key has the fingerprint {fingerprint}; compare it with what "
            "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says on the device, then confirm it"
        )


class PasswordWanted(DeviceError):
    """A device that takes no key this machine has, but would take a password, or a key that is locked by one."""


def told_by_system(error: OSError) -> WorkbenchError:
    """Return what the system says of a file in a sentence, where nothing closer to it found better words."""
    place = f"{error.filename}: " if error.filename else ""
    return WorkbenchError(f"{place}{error.strerror or error}; check the path, its permissions and the room on the disk")


def part_missing(error: ImportError) -> str:
    """Return the sentence for a library that cannot be loaded: it is not there, or found no memory."""
    return (
        f"a part of the program cannot be loaded ({error}); close other programs if memory is short, and install the "
        "program again where that does not help"
    )


class TrialCancelled(Exception):
    """The user asked to stop, which is no error: what was finished stays, and the trial can be resumed."""
