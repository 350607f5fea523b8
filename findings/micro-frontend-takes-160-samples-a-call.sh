#!/usr/bin/env bash
# pymicro-features: of a longer piece of sound all but the first 160 samples are dropped without a word.
#
# Seen with pymicro-features 2.0.2 (TensorFlow Lite Micro's audio front end).
# What is done:    a second of sound at 16 kHz given to `MicroFrontend.process_samples` in pieces of 160, 320 and 1,600 samples.
# What is seen:    98, 48 and 8 frames; `samples_read` is 160 at every call, whatever was given.
# Why it surprises: the method takes bytes of any length, raises nothing, and returns the features of one frame at most.
#                  Microphones deliver blocks of 320 or 1,024 samples, so the obvious loop hears a fraction of the
#                  sound, as if it were spoken at twice or ten times its speed, and a wake word is never found.
# What to do:      cut the sound into pieces of 160 samples, or go on from `samples_read`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pymicro-features==2.0.2
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from pymicro_features import MicroFrontend

sound = np.random.default_rng(1).normal(0, 3000, 16000).astype(np.int16)
seen = {}
for size in (160, 320, 1600):
    frontend = MicroFrontend()
    outputs = [frontend.process_samples(sound[start : start + size].tobytes()) for start in range(0, len(sound), size)]
    seen[size] = sum(bool(output.features) for output in outputs)
    read = {output.samples_read for output in outputs}
    print(f"pieces of {size:>5,}: {seen[size]} frames, samples_read {sorted(read)}")
    assert read == {160}, "more than 160 samples are read now: this finding is out of date"
assert seen == {160: 98, 320: 48, 1600: 8}, "the frames are others now: this finding is out of date"
PYTHON
