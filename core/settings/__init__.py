"""The sections of a spec, by what they decide; `spec.py` lists them all in the order of the journey."""
