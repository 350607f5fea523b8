"""One page of the window per file; each runs alone with ``python -m workbench.pages.<name>``."""
