"""The first start: an environment of the project's own, made with the standard library only."""
