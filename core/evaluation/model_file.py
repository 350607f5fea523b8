"""What stands in a `.tflite` file, looked at before LiteRT opens it: operations, state, how its outputs are made."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from core.errors import ModelError
from core.evaluation.model_form import Ending, State
from core.files import kind_of

_IDENTIFIER = b"TFL3"
_LEAST_BYTES = 16
_MOST_BYTES = 2**31
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_OWN_KERNELS = frozenset({"AudioSpectrogram", "Mfcc", "NumericVerify", "TFLite_Detection_PostProcess"})
"""Custom operations that LiteRT brings kernels for."""
_FLEX, _SIGNAL = "Flex", "Signal"

_Operator = schema.BuiltinOperator
_ENDINGS: dict[int, Ending] = {
    _Operator.SOFTMAX: "softmax",
    _Operator.LOG_SOFTMAX: "log_softmax",
    _Operator.LOGISTIC: "sigmoid",
}
_SAME_VALUES = frozenset(
    {_Operator.QUANTIZE, _Operator.DEQUANTIZE, _Operator.RESHAPE, _Operator.SQUEEZE, _Operator.EXPAND_DIMS}
)
"""Operations that leave values what they are."""
_JOINTS = frozenset({_Operator.CONCATENATION, _Operator.PACK})
"""Operations that put the values of several heads beside each other."""


@dataclass(frozen=True)
class ModelFile:
    """A file whose every offset was followed once."""

    content: bytes
    graph: Any
    """The whole of it as `schema.ModelT`."""
    state: State
    ending: Ending


def read_model(path: Path) -> ModelFile:
    """Read a `.tflite` file and look at its operations.

    LiteRT reads an unverified file by the offsets it finds, and a wrong one would end the process. Raises ModelError
    for a file that is missing, cut short, none, or has operations that LiteRT lacks.
    """
    content = _read(path)
    try:
        graph = schema.ModelT.InitFromPackedBuf(content, 0)
        custom = _custom_operations(graph)
        state, ending = _state(graph), _ending(graph)
    except Exception as error:
        raise ModelError(f"{path}: the file is damaged or cut short; copy or convert it again") from error
    _refuse_lacking(path, custom)
    return ModelFile(content, graph, state, ending)


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ModelError(f"{path}: is {kind_of(found.st_mode)}, not a file; give a model file")
        if found.st_size > _MOST_BYTES:
            raise ModelError(f"{path}: is larger than the 2 GB that a .tflite file can have; give a model file")
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if content.startswith(_LFS_POINTER):
        raise ModelError(
            f"{path}: is a pointer of Git LFS, not the model itself; fetch it with `git lfs pull` where it was cloned"
        )
    if len(content) < _LEAST_BYTES or content[4:8] != _IDENTIFIER:
        raise ModelError(
            f"{path}: not a .tflite file (it must begin with {_IDENTIFIER.decode()} at byte 4); "
            "give the file that the converter wrote"
        )
    return content


def _custom_operations(graph: Any) -> list[str]:
    codes = (code.customCode for code in graph.operatorCodes if _builtin(code) == _Operator.CUSTOM)
    return sorted({bytes(code or b"").decode(errors="replace") for code in codes} - _OWN_KERNELS)


def _refuse_lacking(path: Path, custom: list[str]) -> None:
    flex = [name.removeprefix(_FLEX) for name in custom if name.startswith(_FLEX)]
    if flex:
        raise ModelError(
            f"{path}: uses operations of TensorFlow itself that LiteRT lacks ({', '.join(flex)}); "
            "convert the model without SELECT_TF_OPS"
        )
    if any(name.startswith(_SIGNAL) for name in custom):
        raise ModelError(
            f"{path}: uses operations that only TensorFlow Lite Micro has ({', '.join(custom)}), so it runs on "
            "microcontrollers only; give the model without its audio front end"
        )
    if custom:
        raise ModelError(
            f"{path}: uses operations that LiteRT lacks ({', '.join(custom)}); "
            "convert the model with built-in operations only"
        )


def _builtin(code: Any) -> int:
    """Return the number of an operation, which old files keep in a field of one byte."""
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def _state(graph: Any) -> State:
    codes = [_builtin(code) for code in graph.operatorCodes]
    # Variables that are only assigned when the model is first run are constants.
    initial = {
        operator.builtinOptions.initSubgraphIndex
        for subgraph in graph.subgraphs
        for operator in subgraph.operators or ()
        if codes[operator.opcodeIndex] == _Operator.CALL_ONCE
    }
    for place, subgraph in enumerate(graph.subgraphs):
        used = {codes[operator.opcodeIndex] for operator in subgraph.operators or ()}
        if _Operator.ASSIGN_VARIABLE in used and place not in initial:
            return "resources"
    has_variables = any(tensor.isVariable for subgraph in graph.subgraphs for tensor in subgraph.tensors)
    return "variables" if has_variables else "none"


def _ending(graph: Any) -> Ending:
    main = graph.subgraphs[0]
    codes = [_builtin(code) for code in graph.operatorCodes]
    makers = {int(index): operator for operator in main.operators or () for index in operator.outputs}
    maker = _maker(int(main.outputs[0]), makers, codes)
    if maker is None:
        return ""
    code = codes[maker.opcodeIndex]
    if code not in _JOINTS:
        return _ENDINGS.get(code, "")
    heads = [_maker(int(index), makers, codes) for index in maker.inputs]
    endings = {_ENDINGS.get(codes[head.opcodeIndex], "") if head else "" for head in heads}
    if len(heads) == 1:
        return endings.pop()
    # Heads that each have a layer of their own make no one distribution.
    return "sigmoid" if endings <= {"sigmoid", "softmax"} else ""


def _maker(tensor: int, makers: dict[int, Any], codes: list[int]) -> Any:
    """Return the operation that makes the values of a tensor; None where none does."""
    # A damaged file may go round in circles.
    for _ in range(len(makers)):
        maker = makers.get(tensor)
        if maker is None or codes[maker.opcodeIndex] not in _SAME_VALUES:
            return maker
        tensor = int(maker.inputs[0])
    return None
