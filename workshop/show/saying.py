"""Something that a reader is told in passing: a paragraph in a notebook, a line in a terminal."""

from __future__ import annotations

from workshop.show.progress import in_notebook


def say(words: str) -> None:
    """Tells it at once, before what follows takes its time."""
    if not in_notebook():
        print(words, flush=True)
        return
    from IPython.display import display

    from workshop.show.views import Note

    display(Note(words))
