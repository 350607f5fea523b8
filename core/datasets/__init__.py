"""Clips: finding, reading, checking, splitting and varying them."""
