"""Starter specs, sweeps, icons and published figures: a package, so that an installed copy finds its files too."""
