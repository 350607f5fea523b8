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


class AudioError(WorkbenchError):
    """A microphone or loudspeaker that cannot be used; names the device and what to do."""


class TrialCancelled(Exception):
    """The user asked to stop, which is no error: what was finished stays, and the trial can be resumed."""
