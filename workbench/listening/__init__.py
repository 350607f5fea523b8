"""A model that listens: the test, live spotting and threshold parts of the Record & test page."""
