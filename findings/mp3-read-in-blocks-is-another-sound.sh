#!/usr/bin/env bash
# soundfile: an MP3 that is read block by block is another sound than the same MP3 read at once.
#
# Seen with soundfile 0.14.0 (libsndfile 1.2.2 with libmpg123).
# What is done:    four seconds of noise at 16 kHz, written as MP3 by soundfile itself, are read at once and in blocks of 320,
#                  1,000 and 1,152 samples.
# What is seen:    as many samples each time, but in blocks of 320 some 950 of them differ by up to 0.32 of full scale;
#                  in blocks of 1,152, a frame of MP3, none does. libmpg123 writes "part2_3_length … too large for
#                  available bit count" to stderr. A quiet tone instead of noise shows nothing of this.
# Why it surprises: `SoundFile.read` and `soundfile.blocks` are the documented way to read long files, and no error is
#                  raised. After every read the Python package seeks to where it stands already; the decoder then drops
#                  its bit reservoir, which the next frames of a busy sound refer to.
# What to do:      read an MP3 at once, or begin each piece a few frames earlier and drop these.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 soundfile==0.14.0
cd "$work"
venv/bin/python - 2> said <<'PYTHON'
import numpy as np
import soundfile

noise = np.clip(0.3 * np.random.default_rng(0).normal(size=64_000), -1, 1).astype(np.float32)
soundfile.write("noise.mp3", noise, 16_000, format="MP3", subtype="MPEG_LAYER_III")
whole, _ = soundfile.read("noise.mp3", dtype="float32")
differing = {}
for size in (320, 1000, 1152):
    pieces = np.concatenate(list(soundfile.blocks("noise.mp3", size, dtype="float32")))
    assert len(pieces) == len(whole) == 64_000
    apart = np.abs(pieces - whole)
    differing[size] = int((apart > 1e-3).sum())
    print(f"blocks of {size:>5,}: {differing[size]:>4} samples differ, by {apart.max():.2g} at most")
assert differing[320] > 100 and differing[1000] > 100, "blocks are the same sound now: this finding is out of date"
assert differing[1152] == 0, "blocks of a frame differ now too: this finding is out of date"
PYTHON
echo "lines on stderr: $(grep -c part2_3_length said), such as: $(head -n 1 said)"
