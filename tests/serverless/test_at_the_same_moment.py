"""Several people, or two terminals, change one stack at the same moment.

Nothing here hopes for a coincidence: requests are held by boto3's own events until each deploy is about to ask.
https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.serverless.services import HELLO
from workshop import serverless
from workshop.core.errors import WorkshopError
from workshop.serverless import aws, deploying, naming
from workshop.serverless.stacks import UnderWay
from workshop.serverless.steps import Step
from workshop.serverless.store import Store

pytestmark = pytest.mark.usefixtures("cloud")
LONGEST = 60  # seconds; only a test that fails waits for them


@pytest.fixture
def make(write: Callable[..., Path], service_name: str, client: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """`make("a", …)`: the same service, loaded from a folder of its own; removed in the end."""

    def one(folder: str, provider: str = "", code: str = "") -> Any:
        text = HELLO.format(name=service_name).replace("provider:\n", f"provider:\n{provider}")
        root = write(
            {"serverless.yml": text, "handler.py": f"def hello(event, context): ...\n# {code or folder}\n"}, folder
        )
        return serverless.load(root)

    yield one
    with contextlib.suppress(WorkshopError):
        serverless.remove(one("last"))


@pytest.fixture
def held() -> Iterator[Callable[[str, Callable[..., None]], None]]:
    """`held("cloudformation.CreateStack", what)`: what runs in a deploy's thread right before it asks."""
    undo = []

    def hold(operation: str, what: Callable[..., None]) -> None:
        events = aws.clients("eu-west-1").get(operation.partition(".")[0]).meta.events

        def before(**_: Any) -> None:  # boto3 takes what is returned for an answer
            what()

        events.register(f"before-call.{operation}", before)
        undo.append(lambda: events.unregister(f"before-call.{operation}", before))

    yield hold
    for each in undo:
        each()


def corner(service: Any) -> Store:
    """The service's deployments in the bucket."""
    api = aws.clients(service.region).get("cloudformation")
    outputs = api.describe_stacks(StackName=service.stack)["Stacks"][0]["Outputs"]
    bucket = next(one["OutputValue"] for one in outputs if one["OutputKey"] == naming.BUCKET_OUTPUT)
    return Store(aws.clients(service.region), bucket, service)


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Runs jobs at the same time; what each gave, or the error that it raised."""

    def outcome(job: Callable[[], Any]) -> Any:
        try:
            return job()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(outcome, jobs))


def settled(outcomes: list[Any]) -> None:
    """One is done, and all others say that it is under way."""
    done = [one for one in outcomes if not isinstance(one, Exception)]
    assert len(done) == 1, outcomes
    for one in outcomes:
        if one is not done[0]:
            assert isinstance(one, UnderWay), repr(one)
            assert "is under way" in one.what and one.fix == "Try again when it is over."


@pytest.mark.parametrize("bucket", ["the stack's", "a named one"])
def test_first_deploys(make: Any, held: Any, client: Callable[..., Any], service_name: str, bucket: str) -> None:
    """All three have seen that there is no stack; CloudFormation makes it once.

    AlreadyExistsException: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    """
    provider = ""
    if bucket == "a named one":
        client("s3").create_bucket(
            Bucket=f"{service_name}-b", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        provider = f"  deploymentBucket: {service_name}-b\n"
    services = [make(folder, provider) for folder in "abc"]
    all_three = threading.Barrier(3)
    held("cloudformation.CreateStack", lambda: all_three.wait(LONGEST))
    outcomes = together(*(lambda one=one: serverless.deploy(one) for one in services))
    settled(outcomes)
    assert serverless.info(services[0]).functions  # nobody tidied the winner's stack away
    if provider:  # the zips of those that did not deploy are gone
        keys = [one["Key"] for one in client("s3").list_objects_v2(Bucket=f"{service_name}-b")["Contents"]]
        assert len({key.split("/")[3] for key in keys}) == 1, keys


@pytest.mark.parametrize("method", ["", "  deploymentMethod: changesets\n"])
def test_changes(make: Any, held: Any, method: str) -> None:
    """Each has uploaded its own code, and asks for an update of the same stack."""
    serverless.deploy(make("first", method))
    services = [make(folder, method) for folder in "abc"]
    all_three = threading.Barrier(3)
    operation = "CreateChangeSet" if method else "UpdateStack"
    # With change sets, all three carry the same name, too.
    held(f"cloudformation.{operation}", lambda: all_three.wait(LONGEST))
    settled(together(*(lambda one=one: serverless.deploy(one) for one in services)))
    assert len(serverless.deployments(services[0])) == 2  # what was refused left no deployment to go back to


def test_a_first_deploy_into_whose_stack_another_one_deploys(make: Any, held: Any, client: Any) -> None:
    """A first deploy makes the bucket, then the rest. Refused in between, it used to remove the stack of both."""
    slow, quick = make("slow"), make("quick")
    for number in range(30):  # an update that takes a while
        quick.functions[f"more{number}"] = dict(quick.functions["hello"], events=[])
    mine, api = threading.get_ident(), client("cloudformation")
    begun: list[Future[Any]] = []

    def hold() -> None:
        if threading.get_ident() == mine:
            begun.append(pool.submit(serverless.deploy, quick))
            while not begun[0].done():
                if api.describe_stacks(StackName=slow.stack)["Stacks"][0]["StackStatus"] == "UPDATE_IN_PROGRESS":
                    break

    held("cloudformation.UpdateStack", hold)
    with ThreadPoolExecutor(1) as pool, contextlib.suppress(UnderWay):
        serverless.deploy(slow)
    assert begun[0].result().functions
    assert serverless.info(slow).functions


def test_removing_twice(make: Any, held: Any) -> None:
    """Two who remove the same stack both see it gone.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
    """
    service = make("a")
    serverless.deploy(service)
    both = threading.Barrier(2)
    held("cloudformation.DeleteStack", lambda: both.wait(LONGEST))
    outcomes = together(lambda: serverless.remove(service), lambda: serverless.remove(service))
    assert [str(one) for one in outcomes if isinstance(one, Exception)] == []
    with pytest.raises(WorkshopError, match="not deployed"):
        serverless.info(service)


def test_a_stack_that_is_removed_while_it_is_deployed(make: Any, held: Any) -> None:
    """What is gone is said to be gone; no traceback."""
    service = make("a")
    serverless.deploy(service)
    held("cloudformation.UpdateStack", lambda: serverless.remove(service))
    with pytest.raises(WorkshopError, match="was removed while it was being deployed"):
        serverless.deploy(make("b"))


def test_the_next_deploy_s_failure_is_not_this_one_s(make: Any, held: Any, client: Callable[..., Any]) -> None:
    """Between the end of an update and the look at it, somebody else's begins and fails: it is not this one's.

    ClientRequestToken: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
    """
    service, api = make("a"), client("cloudformation")
    serverless.deploy(service)
    asked: list[str] = []

    def next_one_fails() -> None:
        if asked != ["update"]:
            return
        asked.append("theirs")
        template = api.get_template(StackName=service.stack)["TemplateBody"]
        template["Resources"]["Broken"] = {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": ["https://nowhere/1/none"], "PolicyDocument": {"Statement": []}},
        }
        api.update_stack(
            StackName=service.stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        while api.describe_stacks(StackName=service.stack)["Stacks"][0]["StackStatus"] != "UPDATE_ROLLBACK_COMPLETE":
            pass

    held("cloudformation.UpdateStack", lambda: asked.append("update"))
    held("cloudformation.DescribeStacks", next_one_fails)
    steps: list[Step] = []
    assert serverless.deploy(make("b"), on_step=steps.append).changed
    assert asked == ["update", "theirs"]
    assert "Broken" not in [step.logical_id for step in steps]


def test_deploys_of_one_millisecond_keep_their_zips_apart(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment's folder is named by the time. Two of one millisecond would overwrite one another's code.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    service = make("a")
    serverless.deploy(service)
    known = next(iter(corner(service).folders()))
    folders = iter([known, known.replace("/1", "/2", 1)])
    monkeypatch.setattr(deploying, "new_folder", lambda _: next(folders))
    serverless.deploy(make("b"))
    store = corner(service)
    contents = {
        len({store.hashes([key])[0] for key in keys if key.endswith(".zip")}) for keys in store.folders().values()
    }
    assert len(store.folders()) == 2 and contents == {1}
