"""Exercises: each shows its task, and has `check(…)`, `hint()` and `solution()`.

    from workshop import exercises

    exercises.second_address              its task
    exercises.second_address.hint()       a nudge
    exercises.check(second_address=url)   right, or what is wrong with this very answer
    exercises.progress()                  how far you are
    exercises.certificate("Your Name")    when all is done

Checks look at what a service does, not at how it is written: they call the deployed function, and read its logs and
permissions as anybody could.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Which exercise lives in which module; a module is loaded when one of its exercises is used.
HOMES: dict[str, tuple[str, ...]] = {
    "n00_start_here": ("whose_account", "log_groups"),
    "n01_hello_world": ("second_address", "created", "greet_by_name"),
    "n02_local_development": ("live_edit", "unknown_path", "two_stages"),
    "n03_pull_request_checks": ("own_titles", "signed_like_github"),
    "n04_cron": ("second_monday", "skipped_hour", "morning_in_paris"),
    "n05_the_middleman": ("largest_body", "in_chunks"),
    "n06_secrets": ("two_parameters", "only_our_page"),
    "n07_layers": ("whose_file", "in_the_order_asked"),
    "n08_payments_in_forty_lines": ("smallest_in_yen", "same_key_same_charge"),
    "n09_payments_in_production": ("to_pennies", "signed_by_stripe"),
    "n10_console_and_logs": ("billed", "cold_share"),
    "n11_cold_starts": ("cold_of_a_burst", "long_enough"),
    "n12_what_it_costs": ("a_further_million", "where_they_meet"),
    "n99_challenge": ("challenge",),
}
_HOME_OF = {name: home for home, names in HOMES.items() for name in names}
__all__ = [*_HOME_OF, "certificate", "check", "progress"]


def __getattr__(name: str) -> Any:
    """Loads an exercise by its name (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"there is no exercise {name!r}; dir(exercises) lists them")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def by_notebook() -> dict[str, list[Any]]:
    """Every exercise, by the notebook it belongs to, in the workshop's order."""
    this = import_module(__name__)
    return {words(home): [getattr(this, name) for name in names] for home, names in HOMES.items()}


def words(home: str) -> str:
    """A module's name as the map of the workshop writes it: `n01_hello_world` is `01 Hello world`."""
    number, _, name = home[1:].partition("_")
    return f"{number} {name.replace('_', ' ').capitalize()}"


def check(**answers: Any) -> Any:
    """Checks several exercises at once: `check(second_address=url, created=None)`.

    Args:
        answers: the exercise's name and the answer; None while there is none.

    Raises:
        WorkshopError: there is no exercise of that name.
    """
    from workshop.core.errors import WorkshopError
    from workshop.exercises.exercise import Checked

    unknown = sorted(set(answers) - set(_HOME_OF))
    if unknown:
        raise WorkshopError(
            f"There is no exercise {unknown[0]!r}.", fix=f"There are: {', '.join(_HOME_OF)}.", used_wrongly=True
        )
    this = import_module(__name__)
    return Checked([getattr(this, name).check(answer) for name, answer in answers.items()])


def progress() -> Any:
    """How far the reader is, over the whole workshop: a table with a row a notebook."""
    from workshop.exercises.diary import overview

    return overview()


def certificate(name: str) -> Any:
    """A certificate for who has done the exercises; until then, what is missing.

    Args:
        name: whom it is for, as it shall stand there.

    Raises:
        WorkshopError: the name is empty or longer than a line.
    """
    from workshop.exercises.diploma import issue

    return issue(name)
