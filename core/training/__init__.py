"""Fitting a model: plan, loop, checkpoints, and bases shared between trials."""
