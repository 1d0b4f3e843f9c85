"""The command line and the embedded run: the top layer, which alone may know every service."""
