"""The workshop's shared demo modules: what the notebooks import. The names below are the whole vocabulary.

    from workshop import connect, create, deploy, remove

Nothing is imported before it is used: a lesson starts at once, and `python3 -m workshop` can set up a machine that
has none of the packages yet.
"""

# Old-style syntax only: `python3 -m workshop` reads this file before it can say that Python is too old.

TYPE_CHECKING = False  # what type checkers and editors read; `workshop.core.lazy` takes the names' homes from here
if TYPE_CHECKING:
    from workshop import exercises, show
    from workshop.cloud.clouds import Cloud
    from workshop.cloud.switch import connect
    from workshop.core.errors import WorkshopError
    from workshop.lesson import (
        call,
        create,
        deploy,
        edit,
        info,
        invoke,
        logs,
        metrics,
        offline,
        package,
        preflight,
        read,
        refused,
        remove,
        resources,
    )


def __getattr__(name):
    """Imports a name of the vocabulary when it is first used (PEP 562)."""
    if name == "__all__":
        return __dir__()
    from workshop.core.lazy import load

    return load(__name__, __file__, name)


def __dir__():
    """The vocabulary, for tab completion."""
    from workshop.core.lazy import homes

    return sorted(homes(__file__))
