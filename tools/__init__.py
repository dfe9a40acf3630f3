"""What the model can call: one family a file, plain async functions. See `tools/catalog.py`."""
