"""The workshop's shared demo modules: what the notebooks import, and nothing else is public."""
