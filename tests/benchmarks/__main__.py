"""Measure the program's figures on this machine, each as a ratio in one run, and print one line for each.

make bench, or python -m tests.benchmarks [--only NAME …] [--epochs N] [--json FILE]
"""

import argparse
import importlib
import json
import sys
import time
import traceback
from pathlib import Path

from tests.benchmarks.clips import MissingError
from tests.benchmarks.figure import Figure

FIGURES = {
    "mfcc": "MFCC of one clip against TensorFlow and librosa",
    "streaming": "features hop by hop, and a live hop of system E",
    "estimates": "estimate after a keystroke",
    "window_start": "window usable against import tensorflow",
    "trials_page": "trials page with 5,000 trials",
    "data_page": "data page with 8,000 clips",
    "first_batch": "Train click to first batch",
    "event_loop": "event loop while training",
    "live_viewer": "live pictures: cost, losses, delay, class difference",
    "live_hop": "one hop of live spotting",
    "listening": "listening service on a device",
    "deploy": "deploying and measuring over SSH",
    "forecasting": "forecasts against persistence, their bytes and training",
    "long_series": "ten million rows of measurements",
    "killed_process": "a killed process of a sweep",
    "study_b": "study B against a plain course script",
}


def main() -> int:
    """Measure what was asked for; return 1 when something could not be measured that should have been."""
    parser = argparse.ArgumentParser("make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", action="append", choices=FIGURES, metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--epochs", type=int, default=20, help="epochs of study B, for both sides (default 20)")
    parser.add_argument("--seconds", type=int, default=20, help="of live sound for live_viewer (default 20)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    kept: list[dict[str, object]] = []
    broken = 0
    for name in options.only or FIGURES:
        started = time.monotonic()
        try:
            for figure in _measure(name, options):
                print(figure.line(), flush=True)
                kept.append(figure.as_values())
        except MissingError as missing:
            print(f"{FIGURES[name]:<44} skipped: {missing}", flush=True)
            kept.append({"name": name, "skipped": str(missing)})
        except Exception as error:
            traceback.print_exc()
            print(f"{FIGURES[name]:<44} not measured: {error!r:.200}", flush=True)
            kept.append({"name": name, "failed": repr(error)})
            broken += 1
        print(f"  [{name}: {time.monotonic() - started:.0f} s]", file=sys.stderr, flush=True)
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if broken else 0


def _measure(name: str, options: argparse.Namespace) -> list[Figure]:
    module = importlib.import_module(f"tests.benchmarks.{name}")
    given = {"study_b": (options.epochs,), "live_viewer": (options.seconds,)}
    return module.measure(*given.get(name, ()))


if __name__ == "__main__":
    sys.exit(main())
