"""What a trial is at, in words: for the window's job strip and for what a command says."""

from collections.abc import Mapping

from core.events import Phase, Stage

STAGE_WORDS: Mapping[Stage, str] = {
    "prepare": "preparing the data",
    "build": "building the network",
    "train": "training",
    "prune": "fine-tuning",
    "convert": "converting",
    "slim": "slimming the file",
    "evaluate": "judging the file",
    "measure": "measuring latency",
}
PHASE_WORDS: Mapping[Phase, str] = {"training": "training", "fine_tuning": "fine-tuning"}
