"""Deploys a service: package, bucket, upload, CloudFormation; or says that nothing changed."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.serverless import naming
from workshop.serverless.aws import Clients, clients
from workshop.serverless.deployment import Deployment, read
from workshop.serverless.packaging import Package, new_folder, package
from workshop.serverless.service import Service
from workshop.serverless.stacks import DEAD, Outcome, Stack, UnderWay, removed_meanwhile
from workshop.serverless.steps import Interrupted, OnStep, Step, silent, timed
from workshop.serverless.store import TEMPLATE, Store, Taken, expected_hashes, in_parallel
from workshop.serverless.template.build import Stored, own_bucket, tag_list


def deploy(
    service: Service, *, on_step: OnStep | None = None, force: bool = False, packaged: Package | None = None
) -> Deployment:
    """Deploys a service, in one stage.

    Args:
        service: what `load` gave.
        on_step: told everything that happens (`Step`).
        force: deploy although nothing changed.
        packaged: what `package` gave, when that was done before.

    Returns:
        What is deployed now; `.changed` is False when there was nothing to do.

    Raises:
        UnderWay: somebody else deploys or removes the same stack at this moment; nothing was changed.
        WorkshopError: the package is wrong (nothing was deployed), or CloudFormation refused: the message names the
            resource and the reason, and everything is as before.
    """
    began = time.perf_counter()
    tell = on_step or silent
    made, run = packaged, None
    try:
        if made is None:
            with timed(tell, "package", service.name):
                made = package(service)
        aws = clients(service.region, service.profile, service.endpoint)
        run = _Run(service, made, aws, tell)
        deployment = run.whole(force)
        deployment.notes = made.notes + runtime_notes(service, aws)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        if run is None or not run.stack.asked:
            raise Interrupted(f"Stopped before CloudFormation was asked: {service.stack} is as it was.") from None
        raise run.stack.left_alone("deploy") from None
    except Exception:
        if run is not None and run.was_removed():
            raise WorkshopError(
                f"{service.stack} was removed while it was being deployed, by another command or notebook.",
                fix="Deploy again.",
            ) from None
        raise
    deployment.seconds = time.perf_counter() - began
    deployment.sizes = {name: one.size for name, one in made.functions.items()}
    deployment.warnings, deployment.schedules = made.warnings, made.schedules
    return deployment


def runtime_notes(service: Service, aws: Clients) -> list[str]:
    """What an offline cloud says of a runtime that it runs with another version's interpreter. AWS never has to."""
    if aws.is_aws:
        return []
    notes = []
    for name in {service.runtime(name): name for name in service.functions}.values():  # one function a runtime
        found = aws.get("lambda").get_function_configuration(FunctionName=service.function_name(name))
        error = (found.get("RuntimeVersionConfig") or {}).get("Error")
        if error:
            notes.append(error["Message"].rstrip("."))
    return notes


class _Run:
    """One deploy, from the first look to the last."""

    def __init__(self, service: Service, made: Package, aws: Clients, tell: OnStep) -> None:
        self.service, self.package, self.aws, self.tell = service, made, aws, tell
        self.stack = Stack(aws, service.stack)
        self.there = False  # the stack, as far as this run knows
        self.tags = tag_list({"STAGE": service.stage, **(service.provider.get("tags") or {}), **service.tags}) or []

    def was_removed(self) -> bool:
        """True when somebody else has removed the stack, or is about to, since this run found or made it."""
        if not self.there:
            return False
        try:
            stack = self.stack.describe()
        except Exception:  # then the first error is the one to tell
            return False
        return stack is None or stack["StackStatus"].startswith("DELETE_")

    def whole(self, force: bool) -> Deployment:
        """Stack, check for changes, upload, update; returns what is deployed then."""
        known = self._usable_stack()
        fresh = known is None
        self.there = known is not None
        if known is None and not own_bucket(self.service):
            known = self._create()
            self.there = True
        # Into a bucket that the file names one can upload at once: then the stack is made whole, in one step.
        store = Store(self.aws, self._bucket(known) if known else own_bucket(self.service), self.service)
        layers = {} if fresh or known is None else self._stored_layers(known)
        skip = {self.package.layers[name].name for name in layers}
        folder = new_folder(self.service)
        template = self.package.template(folder, layers)
        if known is not None and not fresh and not force:
            before = self._unchanged(known, store, template, skip)
            if before is not None:
                return before
        new = [name for name in self.package.zips if name not in skip]
        with timed(self.tell, "upload", new[0] if len(new) == 1 else f"{len(new)} zips"):
            while True:
                try:
                    store.upload(folder, self.package, template, skip)
                    break
                except Taken:
                    folder = new_folder(self.service)
                    template = self.package.template(folder, layers)
        self._update(template, store, folder, fresh, whole=known is None)
        after = self._still_there()
        if not fresh:
            store.prune(json.dumps(template))
        return read(self.service, self.aws, after, template)

    def _usable_stack(self) -> dict[str, Any] | None:
        """The stack when it can be updated; None when one must be made. A dead one is removed first."""
        stack = self.stack.describe()
        if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
            return None
        status = stack["StackStatus"]
        if status in DEAD:
            from workshop.serverless.removing import remove_stack

            self.tell(Step("remove", self.service.stack, "AWS::CloudFormation::Stack", status))
            remove_stack(self.service, self.aws, self.tell, stack["StackId"])
            return None
        if status.endswith("_IN_PROGRESS") and not status.endswith("CLEANUP_IN_PROGRESS"):
            raise UnderWay(self.service.stack, status)
        if status == "UPDATE_ROLLBACK_FAILED":
            raise WorkshopError(
                f"{self.service.stack} could not be rolled back after a failed update ({status}).",
                fix=f"Run: aws cloudformation continue-update-rollback --stack-name {self.service.stack}",
            )
        return stack

    def _create(self) -> dict[str, Any]:
        outcome = self.stack.create(self.package.create_template(), self.tags, self.tell)
        if not outcome.ok:
            self._give_up(outcome, fresh=True)
        return self._still_there()

    def _still_there(self) -> dict[str, Any]:
        """The stack after a change that went well.

        Raises:
            WorkshopError: somebody has removed it since.
        """
        found = self.stack.describe()
        if found is None or found["StackStatus"].startswith("DELETE_"):
            raise removed_meanwhile(self.service.stack)
        return found

    def _bucket(self, stack: dict[str, Any]) -> str:
        for output in stack.get("Outputs", []):
            if output["OutputKey"] == naming.BUCKET_OUTPUT:
                return output["OutputValue"]
        named = own_bucket(self.service)
        if named:
            return named
        found = self.stack.api.describe_stack_resource(StackName=self.service.stack, LogicalResourceId=naming.BUCKET)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def _stored_layers(self, stack: dict[str, Any]) -> dict[str, Stored]:
        """Layers whose content has not changed keep their zip, so that no new version is published."""
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        found = {}
        for name, one in self.package.layers.items():
            base = naming.layer_id(name)
            if outputs.get(f"{base}Hash") == one.sha1 and outputs.get(f"{base}S3Key"):
                found[name] = Stored(outputs[f"{base}S3Key"], one.sha256, one.sha1)
        return found

    def _unchanged(
        self, stack: dict[str, Any], store: Store, template: dict[str, Any], skip: set[str]
    ) -> Deployment | None:
        """What is deployed, when it is just this; None when something differs.

        Compared are the hashes that the last deploy left in the bucket, the stack's own template (a rollback goes back
        without a new upload), and each function's code (`deploy function` and `offline` change it past the stack).
        """
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return None
        folders = store.folders()
        if not folders:
            return None
        latest = list(folders)[-1]
        jobs: list[Any] = [lambda: store.hashes(folders[latest]), self.stack.template]
        jobs += [lambda name=name: self._code_of(name) for name in self.package.functions]
        hashes, deployed, *codes = in_parallel(jobs)
        same_code = codes == [one.sha256 for one in self.package.functions.values()]
        named = latest in json.dumps(deployed) or not self.package.functions
        if hashes == expected_hashes(self.package, template, skip) and named and same_code:
            deployment = read(self.service, self.aws, stack, deployed)
            deployment.changed = False
            return deployment
        return None

    def _code_of(self, name: str) -> str:
        api = self.aws.get("lambda")
        try:
            return api.get_function_configuration(FunctionName=self.service.function_name(name))["CodeSha256"]
        except api.exceptions.ResourceNotFoundException:
            return ""

    def _update(self, template: dict[str, Any], store: Store, folder: str, fresh: bool, *, whole: bool) -> None:
        url = store.url(f"{folder}/{TEMPLATE}")
        by_change_set = self.service.provider.get("deploymentMethod") == "changesets"
        outcome: Outcome | None
        try:
            if whole:
                outcome = self.stack.create(template, self.tags, self.tell, url)
            elif by_change_set:
                outcome = self.stack.update_by_change_set(url, self.tags, self.tell)
            else:
                outcome = self.stack.update(template, url, self.tags, self.tell)
        except Interrupted:
            raise
        except Exception as error:
            if self.was_removed():
                raise
            # Refused before anything was changed: nothing half-made stays. A stack that somebody else works on does.
            self._clean(store, folder, fresh and not isinstance(error, UnderWay))
            if isinstance(error, WorkshopError) or not hasattr(error, "response"):
                raise
            raise WorkshopError(f"CloudFormation refused the template: {_message(error)}") from None
        if outcome is not None and not outcome.ok:
            if self.was_removed():
                raise WorkshopError(f"The deploy of {self.service.stack} ended as {outcome.status}.")
            self._clean(store, folder, fresh)
            self._give_up(outcome, fresh)

    def _clean(self, store: Store, folder: str, fresh: bool) -> None:
        with contextlib.suppress(WorkshopError):  # the bucket is gone with all that was in it
            fresh = fresh and not [other for other in store.folders() if other != folder]
            if not fresh:
                store.delete(store.keys(f"{folder}/"))  # the stack was there before, or is somebody else's too
        if not fresh:
            return
        from workshop.serverless.removing import remove_stack

        remove_stack(self.service, self.aws, self.tell)
        self.there = False  # it was us

    def _give_up(self, outcome: Outcome, fresh: bool) -> None:
        after = "Nothing of it stays." if fresh else "CloudFormation rolled back: everything is as before."
        if outcome.status == "UPDATE_ROLLBACK_FAILED":
            after = "The rollback failed as well: look at the stack in the console."
        if not outcome.failures:
            raise WorkshopError(f"The deploy of {self.service.stack} ended as {outcome.status}. {after}")
        first = outcome.failures[0]
        more = f" ({len(outcome.failures) - 1} more failed)" if len(outcome.failures) > 1 else ""
        raise WorkshopError(
            f"{first.logical_id} ({first.type}) failed: {first.reason.rstrip('.') or 'no reason given'}{more}. {after}"
        )


def _message(error: Exception) -> str:
    response: Any = getattr(error, "response", {})
    return response.get("Error", {}).get("Message", str(error)).rstrip(".") + "."
