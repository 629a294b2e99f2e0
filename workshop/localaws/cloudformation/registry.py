"""Which stacks there are: found by name or id, with their exports."""

from __future__ import annotations

import threading

from workshop.localaws.cloudformation.model import Stack
from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.faults import AwsError


class Registry:
    """The stacks of all regions, by id, deleted ones included."""

    def __init__(self) -> None:
        self.stacks: dict[str, Stack] = {}
        self.lock = threading.RLock()

    def clear(self) -> None:
        """Forget every stack."""
        with self.lock:
            self.stacks.clear()

    def find(self, name: str, region: str, *, deleted: bool = False) -> Stack:
        """The stack with a name or id; a deleted one only by its id.

        Raises:
            AwsError: ValidationError when there is none.
        """
        with self.lock:
            found = self.stacks.get(name)
            if found is None:
                alive = (stack for stack in self.stacks.values() if stack.name == name and stack.region == region)
                found = next((stack for stack in alive if stack.deleted is None), None)
        if found is None or (found.deleted is not None and not deleted):
            raise invalid(f"Stack with id {name} does not exist")
        return found

    def named(self, name: str, region: str) -> Stack | None:
        """The living stack with this name, or None."""
        try:
            return self.find(name, region)
        except AwsError:
            return None

    def of_region(self, region: str) -> list[Stack]:
        """Every stack of a region, newest first, deleted ones included."""
        with self.lock:
            found = [stack for stack in self.stacks.values() if stack.region == region]
        return sorted(found, key=lambda stack: stack.created, reverse=True)

    def exports(self, region: str) -> dict[str, tuple[Stack, str]]:
        """Export name -> (stack, value)."""
        return {
            output["ExportName"]: (stack, output["OutputValue"])
            for stack in self.of_region(region)
            if stack.deleted is None
            for output in stack.outputs
            if output.get("ExportName")
        }

    def importers(self, region: str, name: str) -> list[str]:
        """The names of the stacks that import an export."""
        return [stack.name for stack in self.of_region(region) if stack.deleted is None and name in stack.imports]
