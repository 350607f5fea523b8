"""Keep numpy to one thread; imported by a program before numpy is.

OpenBLAS shares even the product of a clip's 49 frames with the mel filters among all cores, and waits for the last of
them: on a busy machine the features of one clip took 80 ms instead of 0.3 ms one time in ten.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
