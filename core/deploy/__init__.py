"""To the device and back: connection, check, provision, release, benchmark, service. What is copied is in `device`."""
