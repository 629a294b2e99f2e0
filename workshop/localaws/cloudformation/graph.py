"""The order of resources: what needs what."""

from __future__ import annotations

from typing import Any

from workshop.localaws.cloudformation.template import depends_on, invalid, references


def wanted(template: dict[str, Any], holds: Any) -> dict[str, dict[str, Any]]:
    """The resources whose condition holds: logical id -> body.

    Args:
        template: after its transforms.
        holds: `holds(condition name) -> bool`.
    """
    return {
        name: body
        for name, body in template["Resources"].items()
        if not body.get("Condition") or holds(body["Condition"])
    }


def ordered(resources: dict[str, dict[str, Any]]) -> list[str]:
    """Logical ids, each after what it needs, otherwise in the template's order.

    Raises:
        AwsError: ValidationError naming a circle.
    """
    needs = {name: needed(body, resources) for name, body in resources.items()}
    done: list[str] = []
    left = dict(needs)
    while left:
        free = [name for name, needed_by in left.items() if not needed_by - set(done)]
        if not free:
            raise invalid(f"Circular dependency between resources: [{', '.join(left)}]")
        done += free
        for name in free:
            del left[name]
    return done


def needed(body: dict[str, Any], resources: dict[str, Any]) -> set[str]:
    """The logical ids a resource refers to or waits for."""
    referred = {name for _, name, _ in references(body.get("Properties"))}
    return (referred | set(depends_on(body))) & set(resources)
