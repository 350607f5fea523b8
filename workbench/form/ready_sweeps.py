"""The sweeps and searches that come with the program: many trials to begin with at once."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from core.experiment.search import Search, load_search
from core.experiment.sweep import Sweep, load_sweep
from core.section import override
from core.spec import SPECS, TrialSpec, spec_type_of
from workbench.form.starter_specs import draft_spec, heading_of

KINDS = ("sweeps", "searches")


@dataclass(frozen=True)
class ReadySweep:
    """A sweep, or a search that tries some trials of its grid, and what its file says it is."""

    path: Path
    sweep: Sweep
    search: Search | None = None

    @property
    def task(self) -> str:
        """What its trials are for."""
        return str(spec_type_of(self.sweep.base).model_fields["task"].default)

    @property
    def title(self) -> str:
        """What it is called, and how many trials it has."""
        return f"{self.sweep.title}: {'search of ' * bool(self.search)}{self.num_trials} trials"

    @property
    def num_trials(self) -> int:
        """How many trials it has at most."""
        return self.search.num_trials if self.search else len(self.sweep.changes) or self.sweep.num_combinations

    @property
    def explained(self) -> str:
        """What its file says it is."""
        return heading_of(self.path)

    def base_for(self, data: str) -> TrialSpec:
        """Return the spec that is varied, on a folder or file of data."""
        return draft_spec(override(self.sweep.base, SPECS[self.task].data_field, data))

    def on(self, data: str) -> "ReadySweep":
        """Return the same on a folder or file of data. Raises SpecError."""
        return _load(self.path, Path(data))

    def specs(self) -> list[TrialSpec]:
        """Return the specs of a sweep, or of a search some that it may try. Raises SpecError."""
        return self.search.examples() if self.search else self.sweep.expand()


@cache
def ready_sweeps() -> tuple[ReadySweep, ...]:
    """Return them in the order of their names, sweeps before searches."""
    found = []
    for kind in KINDS:
        entries = resources.files("resources").joinpath(kind).iterdir()
        for entry in sorted((entry for entry in entries if entry.name.endswith(".toml")), key=lambda entry: entry.name):
            with resources.as_file(entry) as path:
                found.append(_load(path, None))
    return tuple(found)


def _load(path: Path, data: Path | None) -> ReadySweep:
    if path.parent.name == "searches":
        search = load_search(path, (), data)
        return ReadySweep(path, search.sweep, search)
    return ReadySweep(path, load_sweep(path, (), data))
