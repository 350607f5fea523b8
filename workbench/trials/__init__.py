"""The Trials page: charts, table, details and comparison of a study's trials."""
