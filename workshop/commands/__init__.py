"""One module a group of commands; each has `register(app)`. What a command does is in the rooms, not here."""
