"""The control plane: moto behind our own front, the import diet it needs, and calls from inside the process."""
