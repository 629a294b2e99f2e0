"""The workshop's shared demo modules: what the notebooks import. The names below are the whole vocabulary.

    from workshop import connect, create, deploy, remove

Nothing is imported before it is used: a lesson starts at once, and `python3 -m workshop` can set up a machine that
has none of the packages yet.
"""

# Old-style syntax only: `python3 -m workshop` reads this file before it can say that Python is too old.

_WHERE = {
    "connect": "workshop.cloud.switch",
    "Cloud": "workshop.cloud.clouds",
    "WorkshopError": "workshop.core.errors",
    "create": "workshop.lesson",
    "deploy": "workshop.lesson",
    "info": "workshop.lesson",
    "invoke": "workshop.lesson",
    "logs": "workshop.lesson",
    "metrics": "workshop.lesson",
    "package": "workshop.lesson",
    "remove": "workshop.lesson",
    "offline": "workshop.lesson",
    "resources": "workshop.lesson",
    "edit": "workshop.lesson",
    "read": "workshop.lesson",
    "call": "workshop.lesson",
    "preflight": "workshop.lesson",
    "refused": "workshop.lesson",
    "show": "workshop.show",
    "exercises": "workshop.exercises",
}
__all__ = sorted(_WHERE)


def __getattr__(name):
    """Imports a name of the vocabulary when it is first used (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError("module 'workshop' has no attribute %r" % name)  # noqa: UP031
    import importlib

    module = importlib.import_module(_WHERE[name])
    value = module if _WHERE[name].rpartition(".")[2] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__():
    """The vocabulary, for tab completion."""
    return sorted(list(globals()) + __all__)
