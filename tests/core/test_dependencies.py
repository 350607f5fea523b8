"""What the program imports it must also ask for: a package that only another one brings may be gone any day."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = {"core", "workbench", "resources"}
# Each is imported where it may be missing, on a device, or comes with a package that cannot do without it.
NOT_ASKED_FOR = {"distributed", "imageio_ffmpeg", "keyring", "paho", "pymicro_features", "shiboken6"}


def imported(path: Path) -> set[str]:
    """Return the top-level modules that a file imports by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module).partition(".")[0])
    return found


def test_every_package_imported_is_a_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked_for = {re.split(r"[^\w.-]", entry)[0].lower() for entry in project["dependencies"]}
    files = [path for package in ("core", "workbench") for path in (ROOT / package).rglob("*.py")]
    modules = set().union(*map(imported, files)) - sys.stdlib_module_names - OURS - NOT_ASKED_FOR
    assert {"numpy", "typer", "flatbuffers"} <= modules
    distributions = packages_distributions()
    brought = {name: {one.lower().replace("_", "-") for one in distributions.get(name, ())} for name in modules}
    assert {name for name, packages in brought.items() if not packages & asked_for} == set()
