"""The program: the Qt window and the command line. Never reaches TensorFlow; that runs in the worker."""

# Before anything loads numpy; the worker inherits it.
import core.deploy.device.one_thread  # noqa: F401
