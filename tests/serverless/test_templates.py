"""Our CloudFormation is the Framework's: expected resources as data, the original where npm has it, and cfn-lint."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from workshop import serverless

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
DEMOS = sorted(path.parent.name for path in (ROOT / "demo_lambdas").glob("*/serverless.yml"))
SAMPLES = sorted(path.stem for path in (HERE / "samples").glob("*.yml"))
STARTERS = sorted(path.name for path in (ROOT / "workshop" / "serverless" / "templates").iterdir())
# A file, made once by hand: logical id -> type, as the Framework's documentation names them.
EXPECTED = json.loads((HERE / "expected" / "resources.json").read_text(encoding="utf-8"))
PROPERTIES = json.loads((HERE / "expected" / "properties.json").read_text(encoding="utf-8"))


def peer(name: str) -> str:
    """Another tool to compare with; the test that needs it is skipped where it is not installed."""
    peers = os.environ.get("WORKSHOP_PEERS", "")
    places = [os.path.join(peers, "bin"), os.path.join(peers, "node_modules", ".bin")] if peers else []  # noqa: PTH118
    found = os.environ.get(name.upper().replace("-", "_")) or shutil.which(
        name, path=os.pathsep.join([*places, os.environ.get("PATH", "")])
    )
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module")
def folders(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A copy of every service to compare, with the layer that others refer to deployed."""
    root = tmp_path_factory.mktemp("services")
    found = {}
    for name in DEMOS:
        ignored = shutil.ignore_patterns(".serverless", "__pycache__")
        found[name] = Path(shutil.copytree(ROOT / "demo_lambdas" / name, root / name, ignore=ignored))
    for name in SAMPLES:
        (root / name / "layer" / "python").mkdir(parents=True)
        shutil.copy(HERE / "samples" / f"{name}.yml", root / name / "serverless.yml")
        (root / name / "handler.py").write_text("def hello(event, context):\n    return {}\n", encoding="utf-8")
        (root / name / "layer" / "python" / "shared.py").write_text("x = 1\n", encoding="utf-8")
    for name in STARTERS:
        found[f"create {name}"] = serverless.create(name, root / f"starter-{name}")
    found |= {name: root / name for name in SAMPLES}
    layer = serverless.load(ROOT / "demo_lambdas" / "access_ssm")
    deployed_here = serverless.deploy(layer).changed
    yield found
    if deployed_here:
        serverless.remove(layer)


@pytest.fixture(scope="module")
def templates(folders: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Our template of each."""
    return {
        name: serverless.package(serverless.load(folder)).template("serverless/FOLDER")
        for name, folder in folders.items()
    }


def settled(template: dict[str, Any]) -> dict[str, Any]:
    """A template without what changes with time or content: folders, hashes, and the ids made of them."""
    text = json.dumps(template)
    text = re.sub(r"serverless/(?:FOLDER|[\w-]+/\w+/[^/\"]+)/", "serverless/FOLDER/", text)
    text = re.sub(r"ApiGatewayDeployment\d+", "ApiGatewayDeployment", text)
    text = re.sub(r"LambdaVersion[0-9A-Za-z]{30,}", "LambdaVersion", text)
    text = re.sub(r"\b[0-9a-f]{40}\b|(?<=LambdaLayer)[0-9a-f]{40}|(?<=LambdaLayerPermission)[0-9a-f]{40}", "SHA", text)
    text = re.sub(r'("CodeSha256": )"[^"]+"', r'\1"SHA"', text)
    return json.loads(text)


def comparable(template: dict[str, Any]) -> dict[str, Any]:
    """The same without what changes nothing: an empty policy or mapping, an order or a repetition that means nothing,
    dependencies that are repeated or that a Ref implies.

    `UpdateReplacePolicy` is ours: cfn-lint asks for it where something is to be kept.
    """
    found = settled(template)
    for resource in found["Resources"].values():
        properties = resource.get("Properties", {})
        if properties.get("Policy") == "":
            del properties["Policy"]
        if properties.get("DestinationConfig") == {}:
            del properties["DestinationConfig"]
        for policy in properties.get("Policies", []):  # the original adds some statements as they happen to come
            statements = policy["PolicyDocument"]["Statement"]
            for statement in statements:
                listed = statement.get("Resource")
                if isinstance(listed, list):
                    statement["Resource"] = [one for at, one in enumerate(listed) if one not in listed[:at]]
            statements.sort(key=json.dumps)
        resource.pop("UpdateReplacePolicy", None)
        waits = resource.pop("DependsOn", [])
        waits = {waits} if isinstance(waits, str) else set(waits)
        text = json.dumps(properties)
        waits -= {one for one in waits if f'{{"Ref": "{one}"}}' in text or f'{{"Fn::GetAtt": ["{one}", ' in text}
        if waits:
            resource["DependsOn"] = sorted(waits)
    return found


@pytest.mark.parametrize("name", [*DEMOS, *SAMPLES])
def test_resources_are_the_expected(name: str, templates: dict[str, dict[str, Any]]) -> None:
    """https://www.serverless.com/framework/docs/providers/aws/guide/resources"""
    found = settled(templates[name])["Resources"]
    assert {logical_id: resource["Type"] for logical_id, resource in found.items()} == EXPECTED[name]


@pytest.mark.parametrize(("name", "path", "value"), [(one["in"], one["at"], one["is"]) for one in PROPERTIES])
def test_properties_that_matter(name: str, path: str, value: Any, templates: dict[str, dict[str, Any]]) -> None:
    found: Any = settled(templates[name])["Resources"]
    for part in path.split("/"):
        found = found[int(part)] if isinstance(found, list) else found[part]
    assert found == value


@pytest.fixture(scope="module")
def original(folders: dict[str, Path], cloud: Any) -> dict[str, Any]:
    """What the Framework's open fork makes of the same files, asked of the same cloud."""
    osls = peer("osls")

    def make(name: str) -> Any:
        folder = folders[name]
        environment = os.environ | {"NODE_NO_WARNINGS": "1", "SLS_NOTIFICATIONS_MODE": "off"}
        done = subprocess.run(
            [osls, "package"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            return done.stdout + done.stderr
        written = folder / ".serverless" / "cloudformation-template-update-stack.json"
        return json.loads(written.read_text(encoding="utf-8"))

    with ThreadPoolExecutor(2) as pool:
        names = [*DEMOS, *SAMPLES]
        return dict(zip(names, pool.map(make, names), strict=True))


def test_the_original_makes_the_same(original: dict[str, Any], templates: dict[str, dict[str, Any]]) -> None:
    for name, theirs in original.items():
        assert isinstance(theirs, dict), f"{name}: {theirs}"
        ours = comparable(templates[name])
        for part in ("Resources", "Outputs"):
            assert ours[part] == comparable(theirs)[part], name


def test_every_template_passes_cfn_lint(
    folders: dict[str, Path], templates: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """https://github.com/aws-cloudformation/cfn-lint, with every template at once: starting it takes seconds."""
    lint = peer("cfn-lint")
    first = serverless.package(serverless.load(folders["hello_world"])).create_template()
    for name, template in [*templates.items(), ("first", first)]:
        (tmp_path / f"{name}.json").write_text(json.dumps(template), encoding="utf-8")
    done = subprocess.run(
        [lint, "--regions", "eu-west-1", "--format", "parseable", "--", *map(str, sorted(tmp_path.glob("*.json")))],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unchanged_api_keeps_its_deployment(write: Callable[..., Path], template_of: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigateway-deployment.html"""
    text = (HERE.parent.parent / "demo_lambdas" / "hello_world" / "serverless.yml").read_text(encoding="utf-8")

    def deployment(changed: str, folder: str) -> str:
        resources = template_of(write({"serverless.yml": changed}, folder))["Resources"]
        return next(logical_id for logical_id in resources if logical_id.startswith("ApiGatewayDeployment"))

    first = deployment(text, "one")
    assert deployment(text.replace("python3.13", "python3.12"), "two") == first
    assert deployment(text.replace("path: hello", "path: hallo"), "three") != first


def test_a_version_changes_with_code_and_settings(write: Callable[..., Path], template_of: Callable[..., Any]) -> None:
    text = (HERE.parent.parent / "demo_lambdas" / "hello_world" / "serverless.yml").read_text(encoding="utf-8")

    def version(folder: Path) -> str:
        return next(one for one in template_of(folder)["Resources"] if one.startswith("HelloLambdaVersion"))

    first = version(write({"serverless.yml": text}, "one"))
    assert version(write({"serverless.yml": text}, "two")) == first
    assert version(write({"serverless.yml": text + "    memorySize: 512\n"}, "three")) != first
    assert version(write({"serverless.yml": text, "handler.py": "def hello(e, c): pass\n"}, "four")) != first
