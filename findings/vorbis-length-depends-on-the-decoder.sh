#!/usr/bin/env bash
# Ogg Vorbis: a clip of one second is 16,000 samples to libsndfile and 15,744 to FFmpeg.
#
# Seen with soundfile 0.14.0 (libsndfile 1.2.2) and av 18.0.0 (FFmpeg's libavcodec 62.28).
# What is done:    one second of sound at 16 kHz, written as Ogg Vorbis and as FLAC, and decoded by both libraries.
# What is seen:    of the Vorbis file FFmpeg gives the first 15,744 samples, libsndfile all 16,000; both begin at the
#                  same sample. Of the FLAC file both give 16,000.
# Why it surprises: the file says in its last page where it ends (granule position 16000), and both read that page. The
#                  last half block is lost by one of them, with no error, so that a check for "exactly one second"
#                  throws out every clip, and a network trained on one decoder hears shorter clips from the other.
# What to do:      decode a whole data set by one named decoder, record which, and never test for an exact length.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.0.0 numpy==2.4.6 soundfile==0.14.0
cd "$work"
venv/bin/python - <<'PYTHON'
import av
import numpy as np
import soundfile


def by_ffmpeg(path):
    frames = [frame.to_ndarray() for frame in av.open(path).decode(audio=0)]
    return np.concatenate([frame.reshape(-1) for frame in frames]).astype(np.float64)


time_s = np.arange(16000) / 16000
sound = (0.5 * np.sin(2 * np.pi * 700 * time_s)).astype(np.float32)
sound[8000] = 0.95  # A click, so that the beginning can be compared.
lengths = {}
for name, form, subtype in (("clip.ogg", "OGG", "VORBIS"), ("clip.flac", "FLAC", "PCM_16")):
    soundfile.write(name, sound, 16000, format=form, subtype=subtype)
    one, _ = soundfile.read(name)
    other = by_ffmpeg(name)
    lengths[name] = len(one), len(other)
    print(f"{name}: libsndfile {len(one):,} samples, click at {np.abs(one).argmax():,}; "
          f"FFmpeg {len(other):,} samples, click at {np.abs(other).argmax():,}")
    assert np.abs(one).argmax() == np.abs(other).argmax() == 8000, "the beginnings differ now"
assert lengths == {"clip.ogg": (16000, 15744), "clip.flac": (16000, 16000)}, "the lengths are others now"
PYTHON
