"""A study of its own for every test of the store."""

from pathlib import Path

import pytest

from core.experiment.store import Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "Größe und Länge", "Größe")
