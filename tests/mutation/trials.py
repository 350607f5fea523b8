"""Train a trial of each task in a folder, and list theirs in its `trials.txt`.

python -m tests.mutation.trials FOLDER
"""

import sys
from pathlib import Path

from tests.conftest import train_on_tones
from tests.series import train_on_weather


def main() -> None:
    """Train both."""
    folder = Path(sys.argv[1])
    trials = (train_on_tones(folder / "tones"), train_on_weather(folder / "weather"))
    (folder / "trials.txt").write_text("".join(f"{trial}\n" for trial in trials), encoding="utf-8")


if __name__ == "__main__":
    main()
