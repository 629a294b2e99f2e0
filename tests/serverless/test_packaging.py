"""Zips: the same every time, with what belongs in them and nothing else; dependencies from what is installed here."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workshop import serverless
from workshop.core.errors import WorkshopError
from workshop.serverless import checks, code_checks, wheels
from workshop.serverless.patterns import Selection, regex_of

HEAD = "service: hello\nprovider:\n  name: aws\n  runtime: python3.13\n"
BODY = "functions:\n  hello:\n    handler: handler.hello\n"
CLUTTER = dict.fromkeys(
    [
        ".env",
        ".env.local",
        "key.pem",
        ".git/config",
        ".venv/lib/x.py",
        "__pycache__/handler.pyc",
        "tests/test_a.py",
        "node_modules/a.js",
        ".serverless/old.zip",
        ".gitignore",
        "README.md",
        ".pytest_cache/x",
        "test_handler.py",
    ],
    "x",
)


@pytest.fixture
def packaged(write: Callable[..., Path], offline_aws: None) -> Callable[..., Any]:
    """Packages files."""

    def make(files: dict[str, str], folder: str = "service") -> Any:
        return serverless.package(serverless.load(write(files, folder)))

    return make


def names(zipped: Any) -> list[str]:
    """What a zip holds."""
    return zipfile.ZipFile(io.BytesIO(zipped.content)).namelist()


def test_only_what_belongs(packaged: Callable[..., Any]) -> None:
    made = packaged({"serverless.yml": HEAD + BODY, "lib/util.py": "", "data.json": "{}", **CLUTTER})
    (one,) = made.zips.values()
    assert names(one) == ["data.json", "handler.py", "lib/util.py"]
    assert one.name == "hello.zip"
    assert sorted(one.kept_out) == [".env", ".env.local", "key.pem"]
    assert any(".env was kept out" in warning for warning in made.warnings)


def test_the_same_every_time(packaged: Callable[..., Any]) -> None:
    files = {"serverless.yml": HEAD + BODY, "b.py": "b = 1\n", "a.py": "a = 1\n"}
    first = packaged(files, "one").functions["hello"]
    folder = Path(first.own["a.py"]).parent.parent
    second = packaged(dict(reversed(files.items())), "two").functions["hello"]
    for path in (folder / "two").iterdir():
        os.utime(path, (1, 1))
    third = serverless.package(serverless.load(folder / "two")).functions["hello"]
    assert first.content == second.content == third.content
    info = zipfile.ZipFile(io.BytesIO(first.content)).infolist()[0]
    assert info.date_time == (1980, 1, 1, 0, 0, 0)
    assert stat.S_IMODE(info.external_attr >> 16) == 0o644


def test_an_executable_stays_one(packaged: Callable[..., Any]) -> None:
    """A custom runtime's bootstrap must be executable, also when it was zipped on Windows."""
    made = packaged({"serverless.yml": HEAD + BODY, "bootstrap": "#!/bin/sh\n"})
    info = zipfile.ZipFile(io.BytesIO(made.functions["hello"].content)).getinfo("bootstrap")
    assert stat.S_IMODE(info.external_attr >> 16) == 0o755


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("patterns: ['!data/**']", ["handler.py"]),
        ("patterns: ['!**', handler.py]", ["handler.py"]),
        ("patterns: ['!**/*.json', data/keep.json]", ["data/keep.json", "handler.py"]),
        ("patterns: [tests/**]", ["data/drop.json", "data/keep.json", "handler.py", "tests/t.py"]),
        ("exclude: [data/**]", ["handler.py"]),
        ("exclude: [data/**]\n  include: [data/keep.json]", ["data/keep.json", "handler.py"]),
        ("patterns: ['!data/{keep,none}.json']", ["data/drop.json", "handler.py"]),
        ("patterns: [.env, '!data/']", [".env", "handler.py"]),
    ],
)
def test_patterns(block: str, expected: list[str], packaged: Callable[..., Any]) -> None:
    """https://www.serverless.com/framework/docs/providers/aws/guide/packaging#patterns"""
    files = {"data/keep.json": "1", "data/drop.json": "2", "tests/t.py": "", ".env": "A=1"}
    made = packaged({"serverless.yml": f"{HEAD}package:\n  {block}\n{BODY}", **files})
    assert names(made.functions["hello"]) == expected


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.py", "a.py", True),
        ("*.py", "a/b.py", False),
        ("**/*.py", "a.py", True),
        ("**/*.py", "a/b/c.py", True),
        ("a/**", "a/b/c", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab].py", "b.py", True),
        ("[!ab].py", "b.py", False),
        ("{a,b}.py", "b.py", True),
        ("a.py", "axpy", False),
        ("a+b", "a+b", True),
    ],
)
def test_globs(pattern: str, path: str, fits: bool) -> None:
    assert bool(regex_of(pattern).fullmatch(path)) is fits


def test_one_zip_a_function(packaged: Callable[..., Any]) -> None:
    text = (
        HEAD
        + "package:\n  individually: true\n"
        + BODY
        + "    package:\n      patterns: ['!big.bin']\n  two:\n    handler: handler.hello\n"
    )
    made = packaged({"serverless.yml": text, "big.bin": "x"})
    assert names(made.functions["hello"]) == ["handler.py"]
    assert names(made.functions["two"]) == ["big.bin", "handler.py"]
    assert [one.name for one in made.zips.values()] == ["hello.zip", "two.zip"]


def test_an_artifact_is_taken_as_it_is(write: Callable[..., Path], offline_aws: None) -> None:
    folder = write({"serverless.yml": HEAD + "package:\n  artifact: out.zip\n" + BODY})
    with zipfile.ZipFile(folder / "out.zip", "w") as archive:
        archive.writestr("handler.py", "def hello(event, context): pass")
    made = serverless.package(serverless.load(folder))
    assert made.functions["hello"].content == (folder / "out.zip").read_bytes()
    (folder / "out.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(WorkshopError, match="not a zip"):
        serverless.package(serverless.load(folder))


def test_a_layer_is_not_in_the_functions_zip(packaged: Callable[..., Any]) -> None:
    text = HEAD + "layers:\n  shared:\n    path: layer\n" + BODY + "    layers:\n      - !Ref SharedLambdaLayer\n"
    made = packaged(
        {
            "serverless.yml": text,
            "layer/python/shared.py": "x = 1\n",
            "handler.py": "import shared\n\ndef hello(event, context):\n    return shared.x\n",
        }
    )
    assert names(made.functions["hello"]) == ["handler.py"]
    assert names(made.layers["shared"]) == ["python/shared.py"]


def test_requirements_come_from_this_environment(packaged: Callable[..., Any], monkeypatch: Any) -> None:
    def away(*_: Any) -> bytes:
        raise AssertionError("nothing may be fetched")

    monkeypatch.setattr(wheels, "download", away)
    made = packaged(
        {
            "serverless.yml": HEAD + BODY,
            "requirements.txt": "stripe>=12  # payments\nboto3\ncolorama; sys_platform == 'win32'\n",
            "handler.py": "import stripe\nimport requests\n\ndef hello(event, context):\n    pass\n",
        }
    )
    held = names(made.functions["hello"])
    assert {"stripe/__init__.py", "requests/__init__.py", "certifi/cacert.pem", "handler.py"} <= set(held)
    assert not [name for name in held if name.startswith(("boto", "colorama"))]
    assert not [name for name in held if re.search(r"\.pyc$|__pycache__|/tests/|RECORD$|\.so$", name)]
    assert any("boto3 is part of Lambda's runtime" in note for note in made.notes)


def test_a_layer_of_libraries(packaged: Callable[..., Any]) -> None:
    text = HEAD + "layers:\n  libraries:\n    path: libraries\n" + BODY
    made = packaged({"serverless.yml": text, "libraries/requirements.txt": "idna\n"})
    held = names(made.layers["libraries"])
    assert "python/idna/__init__.py" in held
    assert all(name.startswith("python/") for name in held)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stripe = 12", "not a package's name"),
        ("-e .", "option"),
        ("git+https://example.com/x.git", "not a package's name"),
        ("x @ https://example.com/x.whl", "by its address"),
    ],
)
def test_bad_requirements(line: str, words: str, packaged: Callable[..., Any]) -> None:
    with pytest.raises(WorkshopError, match=words) as refused:
        packaged({"serverless.yml": HEAD + BODY, "requirements.txt": f"idna\n{line}\n"})
    assert refused.value.where == "requirements.txt:2"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement nosuch==9 (from versions: none)\n"
            "ERROR: No matching distribution found for nosuch==9",
            "package nosuch.*no wheel",
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(Name or service not known)'\n"
            "ERROR: Could not find a version that satisfies the requirement stripe",
            "package stripe.*network is away",
        ),
        ("error: Request failed after 3 retries\n  cause: dns error", "network is away"),
        (
            "  x No solution found:\n  Because there is no version of idna==99 and you require "
            "idna==99, we can conclude",
            "package idna has no wheel",
        ),
        ("  x No solution found:\n  Because pyaudio has no wheels with a matching platform tag", "pyaudio.*no wheel"),
    ],
)
def test_a_package_that_cannot_be_fetched_is_named(said: str, words: str, tmp_path: Path) -> None:
    """What pip and uv say, turned into one sentence. The installer itself is a program that says just that."""
    import sys

    (tmp_path / "say.txt").write_text(said, encoding="utf-8")
    program = f"import sys; sys.stderr.write(open({str(tmp_path / 'say.txt')!r}, encoding='utf-8').read()); sys.exit(1)"
    with pytest.raises(WorkshopError, match=words):
        wheels.run([sys.executable, "-X", "utf8", "-c", program], "requirements.txt")


def test_the_installer_is_asked_for_lambdas_platform() -> None:
    if not importlib.util.find_spec("pip") and not shutil.which("uv"):
        pytest.skip("neither pip nor uv is installed here")
    words = wheels.command(["stripe"], "3.12", "folder")
    assert "--only-binary" in words
    assert "3.12" in words
    assert any("manylinux" in word for word in words)


def test_too_large(packaged: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_checks, "MOST_UNZIPPED", 100)
    with pytest.raises(WorkshopError, match=r"Lambda allows 250 MB.*big\.bin"):
        packaged({"serverless.yml": HEAD + BODY, "big.bin": "x" * 200})


def test_warnings(packaged: Callable[..., Any]) -> None:
    text = (
        HEAD + "  iam:\n    role:\n      statements:\n        - Effect: Allow\n          Action: 's3:*'\n"
        "          Resource: '*'\nplugins:\n  - serverless-offline\n" + BODY
    )
    warnings = packaged({"serverless.yml": text}).warnings
    assert any("serverless.yml:9" in warning and "s3:*" in warning for warning in warnings)
    assert any("serverless.yml:10" in warning and "Resource *" in warning for warning in warnings)
    assert any("serverless-offline is not needed" in warning for warning in warnings)


def test_a_runtime_that_is_not_named_is_warned_of(packaged: Callable[..., Any]) -> None:
    """The original tool's default is Node.js: the file would not mean the same there."""
    warnings = packaged({"serverless.yml": HEAD.replace("  runtime: python3.13\n", "") + BODY}).warnings
    assert any("no runtime is named" in warning for warning in warnings)


def test_a_timeout_that_api_gateway_does_not_wait_for_is_warned_of(packaged: Callable[..., Any]) -> None:
    text = HEAD + BODY + "    timeout: 60\n    events:\n      - http: GET /hello\n"
    (warning,) = packaged({"serverless.yml": text}).warnings
    assert warning == "serverless.yml:8: hello may take 60 seconds, but API Gateway answers 504 after 29"
    assert packaged({"serverless.yml": text.replace("60", "29")}).warnings == []


def test_schedules_in_words_with_their_next_runs(write: Callable[..., Path], offline_aws: None) -> None:
    text = HEAD + BODY + "    events:\n      - schedule: cron(0 3 ? * MON-FRI *)\n"
    (found,) = checks.schedules(serverless.load(write({"serverless.yml": text})), datetime(2026, 3, 27, 12, tzinfo=UTC))
    assert found.line() == (
        "hello: at 03:00 UTC, Monday to Friday; next: Mon 30 Mar 03:00, Tue 31 Mar 03:00, Wed 01 Apr 03:00 UTC"
    )


def test_written_to_a_folder(packaged: Callable[..., Any], tmp_path: Path) -> None:
    made = packaged({"serverless.yml": HEAD + BODY})
    written = {path.name for path in made.write(tmp_path / "out")}
    assert written == {
        "cloudformation-template-create-stack.json",
        "cloudformation-template-update-stack.json",
        "hello.zip",
    }


def test_folders_that_link_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("", encoding="utf-8")
    try:
        (tmp_path / "a" / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    except OSError:
        pytest.skip("this system does not let us make links")
    assert [name for name, _ in Selection().files(tmp_path)] == ["a/x.py"]


@pytest.mark.parametrize("where", ["function", "layer", "artifact"])
def test_a_bootstrap_with_windows_line_ends_is_refused(
    write: Callable[..., Path], offline_aws: None, where: str
) -> None:
    """execve(2): the interpreter's name goes to the end of the line, so a carriage return belongs to it."""
    head = "service: hello\nprovider:\n  name: aws\n  runtime: provided.al2023\n"
    body = "functions:\n  hello:\n    handler: any\n"
    layer = "    layers:\n      - Ref: SpeechLambdaLayer\nlayers:\n  speech:\n    path: speech\n"
    artifact = "    package:\n      artifact: made.zip\n"
    folder = write({"serverless.yml": head + body + {"layer": layer, "artifact": artifact}.get(where, "")})
    program = b"#!/bin/bash\r\necho\r\n"
    if where == "artifact":
        with zipfile.ZipFile(folder / "made.zip", "w") as made:
            made.writestr("bootstrap", program)
    else:
        place = folder / ("speech/bootstrap" if where == "layer" else "bootstrap")
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(program)
    with pytest.raises(WorkshopError, match=r"bootstrap .*:1: .*carriage return.*LF line ends"):
        serverless.package(serverless.load(folder))


def test_another_program_with_windows_line_ends_is_warned_of(write: Callable[..., Path], offline_aws: None) -> None:
    folder = write({"serverless.yml": HEAD + BODY})
    (folder / "tool.sh").write_bytes(b"#!/bin/sh\r\necho\r\n")
    (folder / "data.csv").write_bytes(b"a,b\r\n")
    [warning] = [each for each in serverless.package(serverless.load(folder)).warnings if "carriage" in each]
    assert warning.startswith("tool.sh:1:")
