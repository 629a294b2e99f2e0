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
from typing import TYPE_CHECKING, Any

from workshop.core.lazy import homes, load

# Which exercise lives where, in the order of each notebook; a module is loaded when one of its exercises is used.
# isort: off
if TYPE_CHECKING:
    from workshop.exercises.n00_start_here import whose_account, log_groups
    from workshop.exercises.n01_hello_world import second_address, created, greet_by_name
    from workshop.exercises.n02_local_development import live_edit, unknown_path, two_stages
    from workshop.exercises.n03_pull_request_checks import own_titles, signed_like_github
    from workshop.exercises.n04_cron import second_monday, skipped_hour, morning_in_paris
    from workshop.exercises.n05_the_middleman import largest_body, in_chunks
    from workshop.exercises.n06_secrets import two_parameters, only_our_page
    from workshop.exercises.n07_layers import whose_file, in_the_order_asked
    from workshop.exercises.n08_payments_in_forty_lines import smallest_in_yen, same_key_same_charge
    from workshop.exercises.n09_payments_in_production import to_pennies, signed_by_stripe
    from workshop.exercises.n10_console_and_logs import billed, cold_share
    from workshop.exercises.n11_cold_starts import cold_of_a_burst, long_enough
    from workshop.exercises.n12_what_it_costs import a_further_million, where_they_meet
    from workshop.exercises.n99_challenge import challenge
# isort: on


def _by_module() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, (module, _) in homes(__file__).items():
        found.setdefault(module.rpartition(".")[2], []).append(name)
    return {home: tuple(names) for home, names in sorted(found.items())}


HOMES = _by_module()
_HOME_OF = {name: home for home, names in HOMES.items() for name in names}
__all__ = [*_HOME_OF, "certificate", "check", "progress"]


def __getattr__(name: str) -> Any:
    """Loads an exercise by its name (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"there is no exercise {name!r}; dir(exercises) lists them")
    return load(__name__, __file__, name)


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
    from workshop.core.paths import shown
    from workshop.exercises.exercise import Checked

    unknown = sorted(set(answers) - set(_HOME_OF))
    if unknown:
        raise WorkshopError(
            f"There is no exercise {shown(unknown[0])}.", fix=f"There are: {', '.join(_HOME_OF)}.", used_wrongly=True
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
