"""The specs that come with the program: whole trials to start from, read from its TOML files."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from core.datasets.clips import label_names
from core.errors import SpecError
from core.experiment.spec_file import load_values
from core.section import override
from core.spec import KeywordSpottingSpec, TrialSpec, parse_spec, spec_type_of

FIRST = "go-stop-tiny"
"""File of the spec that a first start offers."""


@dataclass(frozen=True)
class Starter:
    """One of the specs: its file's name, and its values without a data folder."""

    file: str
    values: dict

    @property
    def title(self) -> str:
        """What the spec calls itself."""
        return str(self.values.get("name") or self.file)

    def spec_for(self, folder: str) -> TrialSpec:
        """Return the spec on a folder of clips; labels that the folder lacks give way to all of its own."""
        values = override(self.values, "dataset.folder", folder)
        wanted = values["dataset"].get("labels", ())
        if folder and not set(wanted) <= set(label_names(Path(folder))):
            values = override(values, "dataset.labels", ())
        return draft_spec(values)


@cache
def starters() -> tuple[Starter, ...]:
    """Return the specs of clips that come with the program, the first start's first."""
    folder = resources.files("resources").joinpath("specs")
    found = []
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            with resources.as_file(entry) as path:
                values = load_values(path)
                if spec_type_of(values) is KeywordSpottingSpec:
                    found.append(Starter(path.stem, values))
    return tuple(sorted(found, key=lambda starter: (starter.file != FIRST, starter.file)))


def last_spec(text: str) -> TrialSpec:
    """Return a spec from JSON as it was kept; the first starter's when there is none or it is of another version."""
    try:
        return draft_spec(json.loads(text))
    except (ValueError, SpecError):
        return starters()[0].spec_for("")


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
