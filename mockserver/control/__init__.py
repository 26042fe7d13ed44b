"""The control API under /_mock: what a test does to the server, as opposed to with it."""
