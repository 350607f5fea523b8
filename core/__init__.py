"""The journey of a small network, in order; each step is a package below.

data       `audio` reads sound; `datasets` finds, splits and varies clips, and cuts tables into windows
features   `features` turns sound into what networks see: pictures in numpy alone, or what `kinds` names besides
model      `models` describes a family as layers and assembles it
training   `training` fits it
compress   `compression` prunes, quantizes, converts and slims it into a `.tflite`
measure    `evaluation` judges that file: accuracy, bytes, memory, latency
compare    `experiment` keeps trials in a study, sweeps and searches settings, finds the Pareto front
deploy     `deploy` takes a trial to a device over SSH, where it is measured and listens or forecasts

`spec.py` is every setting on one page; `pipeline.py` is the journey of one trial; `tasks` says what
is particular to a task; `worker.py` runs jobs for the window and the command line. No Qt below here.
"""

import os

# Else TensorFlow loads Keras 3 beside the Keras that is used here, for a fifth of the time that it takes to start.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
