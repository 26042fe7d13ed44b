"""The vendors' APIs, one folder each; they share the engine and know nothing of each other."""
