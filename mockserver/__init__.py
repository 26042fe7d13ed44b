"""A server that stands in for speech-to-text APIs."""

__version__ = "0.1.0"
