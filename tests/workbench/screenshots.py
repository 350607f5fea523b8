"""Take the pictures of the README: the real window on a virtual screen, driven through a real study of real clips.

make shots, or python -m tests.workbench.screenshots [--study DIR] [--out DIR] [--size 1280x800] [--only SCENE]

The study is seven go/stop models of the sweep system-b.toml and the starter go-stop-tiny.toml, with a study of
go-stop-spotting.toml beside it, trained here when --study does not hold them yet; without --study they go into the
temporary folder and are used again the next time.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import scene
from tests.conftest import REAL_CLIPS
from tests.screen import virtual_screen

RESOURCES = scene.ROOT / "resources"
SCENES = {
    "pages": "tests.workbench.screenshots_scene",
    "devices": "tests.workbench.screenshots_devices",
    "forecasts": "tests.workbench.screenshots_forecasts",
}
LIVE = "go-stop-tiny"
"""Starter spec that trains in the pictures, on another seed."""
LIVE_EPOCHS, EPOCHS_SEEN = 120, 24
SPOTTING = "go-stop-spotting"
"""Starter spec of the model that spots words, and its study, beside the other one."""
VARIED = {"features.num_mel_bins": "20, 30, 40", "features.frame_length_ms": "16, 32, 40"}


def main() -> int:
    """Make the study if need be, then take the pictures of a copy of it."""
    parser = argparse.ArgumentParser("make shots", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--study", type=Path, default=Path(tempfile.gettempdir()) / "tinyml-workbench-shots" / "go-stop"
    )
    parser.add_argument("--out", type=Path, default=RESOURCES / "screenshots")
    parser.add_argument("--size", default="1280x800", help="of the window, in pixels")
    parser.add_argument("--only", choices=SCENES, help="a scene to play alone")
    options = parser.parse_args()
    if not REAL_CLIPS.is_dir():
        print(f"The pictures need real clips in {REAL_CLIPS}.", file=sys.stderr)
        return 1
    width, height = map(int, options.size.split("x"))
    with scene.home_folder() as home:
        make_study(options.study, home)
        make_spotter(options.study.with_name(SPOTTING), home)
        copy = home / options.study.name
        shutil.copytree(options.study, copy)
        shutil.copytree(options.study.with_name(SPOTTING), copy.with_name(SPOTTING))
        with virtual_screen(width, height) as display:
            for name in [options.only] if options.only else SCENES:
                subprocess.run(
                    [sys.executable, "-m", SCENES[name], str(copy), str(options.out.resolve())],
                    cwd=scene.ROOT,
                    env=scene.environment(home, DISPLAY=display, HOME=str(home)),
                    check=True,
                )
    return 0


def make_study(folder: Path, home: Path) -> None:
    """Train what the study lacks, by the commands a user types."""
    from core.experiment.store import Constraints, Study, TrialState, is_study

    if is_study(folder):
        summaries = Study.open(folder).summaries()
        if len(summaries) >= 8 and all(trial.state is TrialState.FINISHED for trial in summaries):
            return
        shutil.rmtree(folder)
    data = ["--data", str(REAL_CLIPS), "--study", str(folder)]
    _command(home, "sweep", str(RESOURCES / "sweeps" / "system-b.toml"), *data)
    _command(home, "train", str(RESOURCES / "specs" / f"{LIVE}.toml"), *data)
    study = Study.open(folder)
    study.set_reference(study.summaries()[0].name)
    study.set_constraints(Constraints(accuracy_min=0.95, zip_bytes_max=20 * 1024, total_ms_max=1.0))


def make_spotter(folder: Path, home: Path) -> None:
    """Train the model that spots words, unless there is one."""
    from core.experiment.store import is_study

    if not is_study(folder):
        spec = str(RESOURCES / "specs" / f"{SPOTTING}.toml")
        _command(home, "train", spec, "--data", str(REAL_CLIPS), "--study", str(folder))


def _command(home: Path, *arguments: str) -> None:
    print("workbench " + " ".join(arguments), file=sys.stderr, flush=True)
    subprocess.run(
        [sys.executable, "-m", "workbench", *arguments], cwd=scene.ROOT, env=scene.environment(home), check=True
    )


if __name__ == "__main__":
    sys.exit(main())
