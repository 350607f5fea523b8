"""Damage the program's own files and answers at random, and see that each ends in a result or a sentence.

make fuzz SECONDS=60, or python -m tests.mutation [--seconds N | --inputs N] [--only KIND …] [--seed S]
An input is made again from its number alone: python -m tests.mutation --only KIND --seed S --first NUMBER --inputs 1
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutation import campaign
from tests.mutation.kind import KINDS, Trials

_NO_LIMIT = 10**9


def main() -> int:
    """Try inputs of each kind; return 1 when any of them did not end as it should."""
    parser = argparse.ArgumentParser("make fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    much = parser.add_mutually_exclusive_group()
    much.add_argument("--seconds", type=float, default=60, help="for all kinds together (default 60)")
    much.add_argument("--inputs", type=int, help="of each kind, however long they take")
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--seed", type=int, default=1, help="what the inputs follow from (default 1)")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="where to begin (default 0)")
    options = parser.parse_args()
    kinds = options.only or list(KINDS)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="mutation-trials-") as folder:
        for name in ("CACHE", "DATA", "CONFIG"):
            os.environ[f"TINYML_WORKBENCH_{name}"] = str(Path(folder) / name.lower())
        print("Training the trials that inputs are made of …", file=sys.stderr, flush=True)
        trials = _trained(Path(folder))
        for kind in kinds:
            with campaign.prepared(KINDS[kind], trials) as seeds:
                count, seconds = (
                    options.inputs or _NO_LIMIT,
                    _NO_LIMIT if options.inputs else options.seconds / len(kinds),
                )
                tally = campaign.run(
                    kind, KINDS[kind], seeds, options.seed, count=count, seconds=seconds, first=options.first
                )
            print(tally.line(), *tally.causes(), sep="\n", flush=True)
            failed += len(tally.failures)
    return 1 if failed else 0


def _trained(folder: Path) -> Trials:
    """Train a trial of each task, in a process of its own that is gone with TensorFlow afterwards."""
    command = [sys.executable, "-m", "tests.mutation.trials", str(folder)]
    made = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    if made.returncode:
        sys.exit(f"The trials could not be trained:\n{made.stderr}")
    return Trials(*map(Path, (folder / "trials.txt").read_text(encoding="utf-8").splitlines()))


if __name__ == "__main__":
    sys.exit(main())
