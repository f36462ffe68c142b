"""The studio: campaigns as they will arrive, in a browser on this machine. It cannot send."""
