"""A table of ten million rows: looked through, and made into the windows that a forecaster is trained with."""

import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import scene
from tests.benchmarks.figure import Figure
from tests.conftest import ROOT
from tests.series import write_long_history, write_long_series

NUM_ROWS = 10_000_000
MOST_MB = 2500
_CODE = """if True:
    import json, resource, sys, time
    from pathlib import Path
    from core.datasets.table_check import check_table
    from core.events import ignore
    from core.spec import SeriesData, parse_spec
    from core.tasks.registry import TASKS
    path = Path(sys.argv[2])
    began_s = time.monotonic()
    if sys.argv[1] == "check":
        check_table(SeriesData(file=str(path)))
    else:
        TASKS["forecasting"].prepare(parse_spec({"task": "forecasting", "dataset": {"file": str(path)}}), ignore)
    taken_s = time.monotonic() - began_s
    print(json.dumps([taken_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def measure() -> list[Figure]:
    """Do both in a process of its own, each with an empty cache."""
    figures = []
    with scene.home_folder() as home:
        path = write_long_series(home / "long.csv", NUM_ROWS)
        history = write_long_history(home / "history.csv", NUM_ROWS)
        for what, words, table in (
            ("check", "looked through", path),
            ("prepare", "made into windows", path),
            ("check", "of a history turned wide", history),
        ):
            taken_s, peak_mb = _measure(what, table, home / table.stem / what)
            rate = NUM_ROWS / taken_s / 1e6
            name = f"{NUM_ROWS:,} rows {words}: peak memory"
            figures.append(Figure(name, peak_mb, "MB", {"s": taken_s, "million rows a second": rate}, at_most=MOST_MB))
    return figures


def _measure(what: str, path: Path, home: Path) -> tuple[float, float]:
    environment = scene.environment(home)
    done = subprocess.run(
        [sys.executable, "-c", _CODE, what, str(path)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    taken_s, peak_mb = json.loads(done.stdout)
    return taken_s, peak_mb
