"""The program: the Qt window and the command line. Never reaches TensorFlow; that runs in the worker."""
