"""The microphone and the loudspeaker on the event loop."""
