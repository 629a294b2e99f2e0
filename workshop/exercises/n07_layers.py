"""Exercises of notebook 07: which file is imported, and the order of secrets."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

from workshop.exercises.asking import aws, called
from workshop.exercises.exercise import Attempt, Exercise, need, shown


def grade_whose_file(answer: Any) -> str:
    """The function's own file: its folder comes first on Python's path."""
    need(isinstance(answer, str), f"The answer is {shown(answer)}. Say it with a word: 'function' or 'layer'.")
    word = answer.strip().lower().removeprefix("the ").removesuffix("'s")
    need(
        word not in ("layer", "/opt", "/opt/python"),
        "Not the layer's: /opt/python stands behind the function's own folder on Python's path.",
    )
    need(word not in ("both", "neither", "error"), "Python takes the first one it finds, and looks no further. Which?")
    need(word in ("function", "own", "/var/task"), f"{shown(answer)} is none of the two: 'function' or 'layer'.")
    return "The function's own: /var/task comes first on the path. A file of the same name hides the layer's, silently."


whose_file = Exercise(
    name="whose_file",
    title="Two files of one name",
    task="`third_party` uses the layer `access-ssm`. Somebody puts a file `access_ssm.py` beside its handler. "
    "Which one does `import access_ssm` find: the `'function'`'s or the `'layer'`'s?",
    nudge="Print `sys.path` in a handler. What stands first?",
    solved='exercises.whose_file.check("function")',
    grade=grade_whose_file,
    wrong=(
        Attempt('exercises.whose_file.check("layer")', "stands behind"),
        Attempt('exercises.whose_file.check("both")', "looks no further"),
        Attempt("exercises.whose_file.check(1)", "Say it with a word"),
    ),
)


def grade_in_the_order_asked(answer: Any) -> str:
    """The reader's function, on what the Parameter Store really answers."""
    ssm, mark = aws("ssm"), uuid.uuid4().hex[:8]
    values = {f"{mark}_{name}": f"the value of {name}" for name in ("zebra", "apple", "mango")}
    for name, value in values.items():
        ssm.put_parameter(Name=name, Value=value, Type="SecureString")
    try:
        for wanted in (list(values), [*list(values)[1:], next(iter(values))], [next(iter(values))]):
            reply = ssm.get_parameters(Names=wanted, WithDecryption=True)["Parameters"]
            got = called(answer, wanted, reply, what="names, parameters")
            need(isinstance(got, list | tuple), f"It returns {type(got).__name__}; a list of values is wanted.")
            need(
                all(isinstance(each, str) for each in got),
                "It returns the whole parameters. Their values are in the field 'Value'.",
            )
            expected = [values[name] for name in wanted]
            asked = ", ".join(name.partition("_")[2] for name in wanted)
            got_words = ", ".join(each.removeprefix("the value of ") for each in got)
            need(list(got) == expected, f"Asked for {asked}, it gives: {got_words}.")
        twice = [wanted[0], wanted[0]]
        reply = [{"Name": wanted[0], "Value": "x"}]
        got = called(answer, twice, reply, what="the same name twice")
        need(list(got) == ["x", "x"], "Asked twice, give it twice.")
    finally:
        with contextlib.suppress(Exception):
            ssm.delete_parameters(Names=list(values))
    return "Zebra, apple, mango: as asked, whatever order AWS answers in."


in_the_order_asked = Exercise(
    name="in_the_order_asked",
    title="In the order asked",
    stretch=True,
    task='Write `ordered(names, parameters)`: `parameters` is what `ssm.get_parameters(…)["Parameters"]` gives, in '
    "alphabetical order. Return the values in the order of `names`. Pass the function.",
    nudge="First make a dictionary from name to value. Each parameter has a `Name` and a `Value`.",
    solved="""def ordered(names, parameters):
    value = {parameter["Name"]: parameter["Value"] for parameter in parameters}
    return [value[name] for name in names]

exercises.in_the_order_asked.check(ordered)""",
    grade=grade_in_the_order_asked,
    wrong=(
        Attempt(
            'exercises.in_the_order_asked.check(lambda names, found: [each["Value"] for each in found])',
            "Asked for zebra, apple, mango, it gives",
        ),
        Attempt("exercises.in_the_order_asked.check(lambda names, found: found)", "the whole parameters"),
        Attempt(
            'exercises.in_the_order_asked.check(lambda names, found: [each["value"] for each in found])',
            "fails: KeyError",
        ),
        Attempt(
            'exercises.in_the_order_asked.check(lambda names, found: [each["Value"] for each in '
            'sorted(found, key=lambda each: names.index(each["Name"]))])',
            "give it twice",
        ),
    ),
)
