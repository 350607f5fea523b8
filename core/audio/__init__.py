"""Sound in and out: files, microphones, loudspeakers, a synthesizer."""
