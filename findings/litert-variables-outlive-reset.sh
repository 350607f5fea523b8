#!/usr/bin/env bash
# LiteRT: no reset of an interpreter clears a streaming model's state.
#
# Seen with ai-edge-litert 2.3.0 and pymicro-wakeword 2.5.0 (its hey_mycroft.tflite keeps its past in resource variables).
# What is done:    the same 20 steps of input, again and again through one interpreter, with a reset between the rounds.
# What is seen:    the second round answers otherwise than the first, whether or not `reset_all_variables()`,
#                  `allocate_tensors()`, or `resize_tensor_input()` with `allocate_tensors()` came between. A new
#                  interpreter answers as the first round did.
# Why it surprises: `reset_all_variables` resets only tensors marked `is_variable`. Models converted with VAR_HANDLE,
#                  READ_VARIABLE and ASSIGN_VARIABLE have none of these, the call succeeds, and each clip that is judged
#                  is heard with the end of the one before.
# What to do:      make a new interpreter for each clip of a model that has VAR_HANDLE operations.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    ai-edge-litert==2.3.0 numpy==2.4.6 pymicro-wakeword==2.5.0
"$work/venv/bin/python" - <<'PYTHON'
from pathlib import Path

import numpy as np
import pymicro_wakeword
from ai_edge_litert.interpreter import Interpreter

model = str(Path(pymicro_wakeword.__file__).parent / "models" / "hey_mycroft.tflite")


def opened():
    interpreter = Interpreter(model_path=model)
    interpreter.allocate_tensors()
    return interpreter


interpreter = opened()
taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
steps = np.random.default_rng(0).integers(-128, 127, (20, *taken["shape"])).astype(taken["dtype"])


def heard_by(interpreter):
    answers = []
    for step in steps:
        interpreter.set_tensor(taken["index"], step)
        interpreter.invoke()
        answers.append(int(interpreter.get_tensor(given["index"]).ravel()[0]))
    return answers


def resized(interpreter):
    interpreter.resize_tensor_input(taken["index"], taken["shape"])
    interpreter.allocate_tensors()


first = heard_by(interpreter)
print("first round                ", first)
for name, reset in (
    ("no reset", lambda one: None),
    ("reset_all_variables()", lambda one: one.reset_all_variables()),
    ("allocate_tensors()", lambda one: one.allocate_tensors()),
    ("resize_tensor_input()", resized),
):
    reset(interpreter)
    later = heard_by(interpreter)
    print(f"after {name:21}", later)
    assert later != first, f"{name} clears the state now: this finding is out of date"
anew = heard_by(opened())
print("new interpreter            ", anew)
assert anew == first, "a new interpreter no longer begins anew: this finding is out of date"
PYTHON
