"""The specs that come with the program: whole trials to start from, read from its TOML files."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import takewhile
from pathlib import Path

from core.datasets.clips import label_names
from core.errors import SpecError
from core.experiment.spec_file import load_values
from core.json_text import load_json
from core.section import override
from core.spec import SPECS, KeywordSpottingSpec, TrialSpec, of_task, parse_spec, spec_type_of

FIRST = {"keyword_spotting": "go-stop-tiny", "forecasting": "system-f"}
"""By task the file of the spec that a first start offers."""
PUBLISHED = ("system-", "reference-")


@dataclass(frozen=True)
class Starter:
    """One of the specs: its file's name, its values without the place of its data, and what its file says it is."""

    file: str
    values: dict
    explained: str = ""

    @property
    def title(self) -> str:
        """What the spec calls itself."""
        return str(self.values.get("name") or self.file)

    @property
    def is_published(self) -> bool:
        """Whether it is somebody's system, here to be compared with."""
        return self.file.startswith(PUBLISHED)

    @property
    def task(self) -> str:
        """What the spec is for."""
        return str(self.values.get("task", "keyword_spotting"))

    def spec_for(self, data: str) -> TrialSpec:
        """Return the spec on a folder or file of data; labels that a folder lacks give way to all of its own."""
        values = override(self.values, SPECS[self.task].data_field, data)
        wanted = values["dataset"].get("labels", ())
        if data and wanted and not set(wanted) <= set(label_names(Path(data))):
            values = override(values, "dataset.labels", ())
        return draft_spec(values)


@cache
def starters(task: str = "keyword_spotting") -> tuple[Starter, ...]:
    """Return the specs of a task that come with the program, the first start's first."""
    folder = resources.files("resources").joinpath("specs")
    found = []
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            with resources.as_file(entry) as path:
                values = load_values(path)
                found.append(Starter(path.stem, values, heading_of(path)))
    of_task = [starter for starter in found if starter.task == task]
    return tuple(sorted(of_task, key=lambda starter: (starter.file != FIRST[task], starter.file)))


def heading_of(path: Path) -> str:
    """Return the comment that a file begins with, as one line."""
    lines = takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())
    return " ".join(line.removeprefix("#").strip() for line in lines)


def last_spec(text: str) -> TrialSpec:
    """Return a spec from JSON as it was kept; the first starter's when there is none or it is of another version."""
    try:
        return draft_spec(load_json(text))
    except (ValueError, SpecError):
        return starters()[0].spec_for("")


def last_of_clips(spec: TrialSpec | None, text: str) -> KeywordSpottingSpec:
    """Return a spec, or the one that was kept, where it is about clips; else the first starter's without any."""
    for found in (spec, last_spec(text)):
        if isinstance(found, KeywordSpottingSpec):
            return found
    return of_task(starters()[0].spec_for(""), KeywordSpottingSpec)


def draft_spec(values: dict, source: str = "") -> TrialSpec:
    """Return a spec that may still lack its data. Raises SpecError for every other problem."""
    data_field = spec_type_of(values).data_field
    section, _, name = data_field.partition(".")
    given = values.get(section, {})
    if not isinstance(given, dict) or given.get(name):
        return parse_spec(values, source)
    complete = parse_spec(override(values, data_field, "."), source)
    lacking = getattr(complete, section).model_copy(update={name: ""})
    return complete.model_copy(update={section: lacking})
