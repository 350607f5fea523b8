"""Starter specs, sweeps, searches, icons and published figures: a package, so that an installed copy finds them too."""
