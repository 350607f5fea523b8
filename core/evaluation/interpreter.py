"""Open a trial's own `.tflite` file in this process, as a device does; `guarded_model` opens files of any origin."""

from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from core.evaluation.model_file import read_model
from core.evaluation.network import Network


class LoadedModel(Network):
    """A `.tflite` file ready to run.

    Raises ModelError when the file is missing, cut short, no `.tflite` file, or uses operations this LiteRT lacks.
    """

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        super().__init__(path, read_model(path).content, Interpreter, num_threads)
