#!/usr/bin/env bash
# espeak-ng: the same word by the same voice is another sound at every call, but the same series in every process.
#
# Seen with espeakng-loader 0.2.4, which brings libespeak-ng 1.52.0.
# What is done:    the word "go" four times by the voice en-us at the same speed and pitch, in each of two processes.
# What is seen:    four different sounds, of 7,090 to 7,104 samples; the second process makes the same four.
# Why it surprises: the command line program, a process a word, always makes the same sound, so speech seems to follow from
#                  its settings alone; nothing in the library's header speaks of a state or a random number. Whoever speaks a
#                  data set through the library gets other clips as soon as one word is added before the others, and
#                  cannot tell voices that are the same by comparing one call of each.
# What to do:      keep the clips themselves, with their digests, not the recipe; compare voices by the first call of a
#                  new process each.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check espeakng-loader==0.2.4
cat > "$work/speak.py" <<'PYTHON'
import ctypes
import hashlib

import espeakng_loader

SYNCHRONOUS, UTF_8 = 2, 1
library = ctypes.CDLL(espeakng_loader.get_library_path())
library.espeak_Info.restype = ctypes.c_char_p
library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
heard = bytearray()


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
def take(samples, count, _events):
    if samples and count > 0:
        heard.extend(ctypes.string_at(samples, 2 * count))
    return 0


library.espeak_SetSynthCallback(take)


def speak(word, voice=b"en-us"):
    heard.clear()
    assert library.espeak_SetVoiceByName(voice) == 0
    library.espeak_Synth(word, len(word) + 1, 0, 0, 0, UTF_8, None, None)
    library.espeak_Synchronize()
    return len(heard) // 2, hashlib.sha256(heard).hexdigest()[:8]


print(library.espeak_Info(None).decode(), *(f"{samples}:{digest}" for samples, digest in (speak(b"go") for _ in range(4))))
PYTHON
one=$("$work/venv/bin/python" "$work/speak.py")
other=$("$work/venv/bin/python" "$work/speak.py")
echo "first process:  $one"
echo "second process: $other"
[ "$one" = "$other" ] || { echo "two processes differ now"; exit 1; }
different=$(tr ' ' '\n' <<< "$one" | tail -n 4 | sort -u | wc -l)
[ "$different" = 4 ] || { echo "calls of one process are alike now ($different different sounds)"; exit 1; }
