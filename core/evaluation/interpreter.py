"""Open a `.tflite` file of any origin and run it on float32 numbers."""

from pathlib import Path

from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from core.errors import ModelError
from core.evaluation.network import Network

_IDENTIFIER = b"TFL3"
_LEAST_BYTES = 16


class LoadedModel(Network):
    """A `.tflite` file ready to run.

    Raises ModelError when the file is missing, cut short, no `.tflite` file, or uses operations this LiteRT lacks.
    """

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        super().__init__(path, read_model(path), Interpreter, num_threads)


def read_model(path: Path) -> bytes:
    """Return the content of a `.tflite` file, every offset in it followed once.

    LiteRT reads an unverified file by the offsets it finds, and a wrong one would end the process.
    Raises ModelError.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if len(content) < _LEAST_BYTES or content[4:8] != _IDENTIFIER:
        raise ModelError(
            f"{path}: not a .tflite file (it must begin with {_IDENTIFIER.decode()} at byte 4); "
            "give the file that the converter wrote"
        )
    try:
        schema.ModelT.InitFromPackedBuf(content, 0)
    except Exception as error:
        raise ModelError(f"{path}: the file is damaged or cut short; copy or convert it again") from error
    return content
