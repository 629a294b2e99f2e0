"""JSON schemas of Stripe's objects, made from the type annotations of the installed stripe library.

`tests/fixtures/stripe_schemas.json` has seven objects; the library describes them all. Optional is nullable and may be
absent, everything else is required, and only listed words are right, also where Stripe may
list more one day: the stand-in must not make up its own.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

import stripe

ANYTHING: dict[str, Any] = {}
PLAIN = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}


def schema(cls: type) -> dict[str, Any]:
    """The schema of a class of the library, such as `stripe.Dispute`; classes inside it are described in place."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(tree, ast.ClassDef)
    return _object(tree, ())


def _object(tree: ast.ClassDef, around: tuple[ast.ClassDef, ...]) -> dict[str, Any]:
    scope = (tree, *around)
    fields = [each for each in tree.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    fields = [each for each in fields if not each.target.id.isupper() and each.target.id != "_inner_class_types"]
    return {
        "type": "object",
        "properties": {each.target.id: _type(each.annotation, scope) for each in fields},
        "required": [each.target.id for each in fields if not ast.unparse(each.annotation).startswith("Optional[")],
    }


def _type(node: ast.expr, scope: tuple[ast.ClassDef, ...]) -> dict[str, Any]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    if isinstance(node, ast.Name):
        if node.id in PLAIN:
            return {"type": PLAIN[node.id]}
        for each in scope:
            for inner in each.body:
                if isinstance(inner, ast.ClassDef) and inner.name == node.id:
                    return _object(inner, scope)
        found = getattr(stripe, node.id, None)
        return {"type": "object"} if inspect.isclass(found) else ANYTHING
    if not isinstance(node, ast.Subscript):
        return ANYTHING
    name, inside = ast.unparse(node.value), node.slice
    if name == "Optional":
        return {"anyOf": [_type(inside, scope), {"type": "null"}]}
    if name in ("List", "ListObject"):
        return {"type": "array", "items": _type(inside, scope)} if name == "List" else {"type": "object"}
    if name == "ExpandableField":
        return {"type": ["string", "object"]}
    if name == "Literal":
        words = inside.elts if isinstance(inside, ast.Tuple) else [inside]
        return {"enum": [ast.literal_eval(each) for each in words]}
    if name == "Union" and isinstance(inside, ast.Tuple):
        listed = [each for each in inside.elts if ast.unparse(each).startswith("Literal[")]
        return {"anyOf": [_type(each, scope) for each in listed or inside.elts]}
    return {"type": "object"} if name in ("Dict", "UntypedStripeObject") else ANYTHING
