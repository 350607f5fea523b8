"""Pieces of a form or a page that know nothing of trials, clips or devices."""
