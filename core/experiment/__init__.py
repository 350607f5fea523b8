"""Trials kept in a study, run one by one or as a sweep, compared, reported and exported."""
