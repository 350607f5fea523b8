#!/usr/bin/env bash
# espeak-ng: a word lasts a third longer at 450 words a minute than at 449, and below 80 nothing gets slower.
#
# Seen with espeakng-loader 0.2.4, which brings libespeak-ng 1.52.0.
# What is done:    the word "seven" by the voice en-us, at speeds from 60 to 450 words a minute, each in a process of its own.
# What is seen:    60 and 80 words a minute take the same time (some 0.98 s), 449 takes 0.15 s and 450 takes 0.19 s.
# Why it surprises: `espeak_SetParameter(espeakRATE, …)` accepts 450 and 60 alike and returns no error, and its header gives
#                  450 as the top of the range. From there on another way of speeding up (libsonic) takes over, which
#                  starts from a slower speech. Whoever varies speed to vary a data set gets slower words where the
#                  fastest were meant, and twice the same below 80.
# What to do:      draw speeds from 80 to 449.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check espeakng-loader==0.2.4
cat > "$work/speak.py" <<'PYTHON'
import ctypes
import sys

import espeakng_loader

SYNCHRONOUS, UTF_8, RATE = 2, 1, 1
library = ctypes.CDLL(espeakng_loader.get_library_path())
sample_rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
count_heard = 0


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
def take(_samples, count, _events):
    global count_heard
    count_heard += max(0, count)
    return 0


library.espeak_SetSynthCallback(take)
library.espeak_SetVoiceByName(b"en-us")
assert library.espeak_SetParameter(RATE, int(sys.argv[1]), 0) == 0
word = b"seven"
library.espeak_Synth(word, len(word) + 1, 0, 0, 0, UTF_8, None, None)
library.espeak_Synchronize()
print(round(1000 * count_heard / sample_rate))
PYTHON
declare -A milliseconds
for speed in 60 80 175 300 449 450; do
    milliseconds[$speed]=$("$work/venv/bin/python" "$work/speak.py" "$speed")
    echo "$speed words a minute: ${milliseconds[$speed]} ms"
done
close() { local apart=$((milliseconds[$1] - milliseconds[$2])); [ "${apart#-}" -le 10 ]; }
close 60 80 || { echo "60 and 80 words a minute differ now"; exit 1; }
[ "${milliseconds[450]}" -gt $((milliseconds[449] * 12 / 10)) ] || { echo "450 is no longer slower than 449"; exit 1; }
