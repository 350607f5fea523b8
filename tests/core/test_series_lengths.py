"""Long tables: what their ends tell of their steps, and what of them fits into memory."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.datasets import windows
from core.datasets.windows import StepError
from core.spec import parse_spec
from core.tasks.registry import TASKS
from tests.conftest import ROOT
from tests.series import BEGIN, HEADER, prepare_series, write_long_series, write_series


def test_a_step_that_does_not_fit_is_known_from_the_ends_of_a_file(tmp_path):
    def look(path: Path, step_minutes: float) -> None:
        spec = parse_spec(
            {"task": "forecasting", "dataset": {"file": str(path)}, "window": {"step_minutes": step_minutes}}
        )
        TASKS["forecasting"].find_data(spec)

    path = write_series(tmp_path / "hourly.csv", num_rows=10_000, step=timedelta(hours=1))
    look(path, 120)
    with pytest.raises(StepError, match="has a row every 1 h, so a step of 10 min does not fit; use 60 min or a multi"):
        look(path, 10)
    # A file whose end is another one's: only all rows together tell the usual interval.
    later = write_series(tmp_path / "later.csv", num_rows=10_000, begin=datetime(2030, 1, 1))
    path.write_text(path.read_text() + later.read_text().partition("\n")[2])
    look(path, 10)
    uneven = np.cumsum(np.random.default_rng(0).exponential(3600, 400)).tolist()
    rows = [f"{BEGIN + timedelta(seconds=round(each))},1,2" for each in uneven]
    path.write_text("\n".join([HEADER, *rows, ""]))
    look(path, 10)


def test_of_a_very_long_series_every_so_manieth_window_is_taken(tmp_path, monkeypatch):
    path = write_series(tmp_path / "long.csv")
    whole = prepare_series(path)
    monkeypatch.setattr(windows, "_MOST_NUMBERS", 10_000)
    thinned = prepare_series(path)
    assert thinned.cut.thinning == 3 and len(thinned.train.inputs) == -(-len(whole.train.inputs) // 3)
    assert np.array_equal(thinned.cut.train.inputs, whole.cut.train.inputs[::3])
    assert thinned.warnings[-1].startswith("Of the windows every 3rd was taken, for all of them would not fit")


@pytest.mark.slow
def test_ten_million_rows_need_no_more_memory_than_a_small_computer_has(tmp_path):
    path = write_long_series(tmp_path / "long.csv", 10_000_000)
    code = """if True:
        import resource, sys
        from core.events import ignore
        from core.spec import parse_spec
        from core.tasks.registry import TASKS
        spec = parse_spec({"task": "forecasting", "dataset": {"file": sys.argv[1]}})
        print(len(TASKS["forecasting"].prepare(spec, ignore).train.inputs))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    """
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    num_windows, peak_mb = map(int, done.stdout.split())
    assert num_windows > 2_000_000 and peak_mb < 2500
