"""Where a function finds its code, its layers and its temporary files, and what its environment holds.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
"""

from __future__ import annotations

import platform

import pytest

from tests.localaws.runtime.room import OWN_PYTHON, Engines
from workshop.core import system

pytestmark = pytest.mark.anyio
ENVIRON = "import os\nfirst = dict(os.environ)\ndef handler(e, c):\n    return first\n"
# Reserved and unreserved names of AWS's page; credentials come from the caller of the engine.
DOCUMENTED = {
    *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
    *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"),
    *("LAMBDA_RUNTIME_DIR", "LANG", "PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "TZ", "AWS_XRAY_CONTEXT_MISSING"),
    "AWS_XRAY_DAEMON_ADDRESS",
}


@pytest.mark.skipif(system.WINDOWS, reason="a Windows process needs more of its parent's variables")
async def test_the_environment_is_aws_own_and_nothing_of_the_parents(
    engines: Engines, room_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_READER", "1")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    async with engines(**room_settings) as room:
        environment = {"TABLE": "orders", "AWS_ACCESS_KEY_ID": "ASIA", "_HANDLER": "reserved", "TZ": "Europe/London"}
        spec = room.function(ENVIRON, name="named", environment=environment)
        found = await room.call(spec)
        own_tmp = {"TMPDIR"} if room.engine.isolation == "paths" else set()
        assert set(found) == DOCUMENTED | {"TABLE", "AWS_ACCESS_KEY_ID"} | own_tmp
        assert found["TABLE"] == "orders"
        assert found["_HANDLER"] == "app.handler"  # reserved names cannot be set
        assert found["TZ"] == "Europe/London"  # others can
        assert found["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{OWN_PYTHON}"
        assert found["AWS_LAMBDA_FUNCTION_NAME"] == "named"
        assert found["AWS_LAMBDA_LOG_STREAM_NAME"] == room.last.log_stream


async def test_the_trace_id_changes_with_every_request(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("import os\ndef handler(e, c):\n    return os.environ['_X_AMZN_TRACE_ID']\n")
        one, two = await room.call(spec), await room.call(spec)
        assert one.startswith("Root=1-") and one.endswith(";Sampled=0") and one != two
        assert await room.call(spec, trace_id="Root=1-5-6") == "Root=1-5-6"


async def test_layers_are_merged_in_order_under_opt(engines: Engines, room_settings: dict[str, str]) -> None:
    code = """
        import json, os, subprocess, shared, deep
        opt = os.environ['PATH'].split(os.pathsep)[-1].removesuffix('bin').rstrip('/')
        def handler(event, context):
            tool = subprocess.run(['tool'], capture_output=True, text=True).stdout if event else ''
            return [shared.name, deep.name, open(f'{opt}/data.txt').read(), sorted(os.listdir(opt)), tool]
    """
    version = f"python/lib/{OWN_PYTHON}/site-packages"
    first = {
        "python/shared.py": "name = 'first'",
        "data.txt": "first",
        "only/first.txt": "",
        "same/x": "file, then folder",
        "bin/tool": "#!/bin/sh\necho first\n",
        f"{version}/deep.py": "name = 'deep'",
    }
    second = {"python/shared.py": "name = 'second'", "data.txt": "second", "bin/tool": "#!/bin/sh\necho second\n"}
    async with engines(**room_settings) as room:
        posix = system.POSIX
        got = await room.call(room.function(code, layers=[first, second]), posix)
        entries = ["bin", "data.txt", "only", "python", "same"]
        assert got == ["second", "deep", "second", entries, "second\n" if posix else ""]
        got = await room.call(room.function(code, layers=[second, first]), posix)
        assert got == ["first", "deep", "first", entries, "first\n" if posix else ""]
        got = await room.call(room.function(code, layers=[first]), posix)
        assert got[0] == "first"


async def test_the_package_comes_before_layers_and_layers_before_the_sdk(engines: Engines) -> None:
    async with engines() as room:
        layer = {"python/six.py": "name = 'layer'", "python/mine.py": "name = 'layer'"}
        code = "import mine, six\ndef handler(e, c):\n    return [mine.name, six.name]\n"
        files = {"app.py": code, "mine.py": "name = 'code'"}
        assert await room.call(room.function(files, layers=[layer])) == ["code", "layer"]


@pytest.mark.skipif(not system.LINUX, reason="mount namespaces are Linux's")
async def test_literally_at_var_task_and_opt_where_the_system_allows(engines: Engines) -> None:
    code = """
        import os
        def handler(event, context):
            readonly = []
            for folder in ('/var/task', '/opt', '/var/runtime'):
                try:
                    open(f'{folder}/new', 'w')
                except OSError as error:
                    readonly.append(error.strerror)
            open('/tmp/mine', 'a').write('x')
            import boto3
            return {
                'file': __file__, 'cwd': os.getcwd(), 'opt': os.listdir('/opt'), 'tmp': os.listdir('/tmp'),
                'readonly': set(readonly).pop(), 'layer': __import__('shared').__file__, 'sdk': boto3.__file__,
                'size': os.path.getsize('/tmp/mine'),
            }
    """
    async with engines() as room:
        if room.engine.isolation != "namespaces":
            pytest.skip(f"no namespaces here: {room.engine.launches.why_paths}")
        spec = room.function(code, layers=[{"python/shared.py": ""}])
        seen = await room.call(spec)
        assert seen == {
            "file": "/var/task/app.py",
            "cwd": "/var/task",
            "opt": ["python"],
            "tmp": ["mine"],
            "size": 1,
            "readonly": "Read-only file system",
            "layer": "/opt/python/shared.py",
            "sdk": f"/var/lang/lib/{OWN_PYTHON}/site-packages/boto3/__init__.py",
        }
        assert (await room.call(spec))["size"] == 2  # /tmp stays with the environment
        room.engine.retire(spec.arn)
        assert (await room.call(spec))["size"] == 1  # and goes with it
        assert room.engine.launches.folders.startswith("as on AWS: code at /var/task, layers at /opt")


@pytest.mark.skipif(not system.LINUX, reason="mount namespaces are Linux's")
async def test_only_tmp_can_be_written(engines: Engines) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: "a read-only file system" """
    code = """
        import os
        def handler(folders, context):
            refused = []
            for folder in folders:
                try:
                    open(os.path.join(folder, 'new'), 'w').close()
                except OSError as error:
                    refused.append(error.strerror)
            open('/dev/null', 'w').write('devices are no folders')
            return refused
    """
    async with engines() as room:
        if room.engine.isolation != "namespaces" or tuple(map(int, platform.release().split(".")[:2])) < (5, 12):
            pytest.skip("no namespaces here, or a kernel that cannot make all mounts read-only at once")
        folders = ["/", "/usr", "/var", "/var/task", "/opt", "/etc", "/dev"]
        assert await room.call(room.function(code), folders) == ["Read-only file system"] * len(folders)
        assert await room.call(room.function(code), ["/tmp"]) == []


async def test_by_path_rules_elsewhere(engines: Engines) -> None:
    code = """
        import os, tempfile
        def handler(event, context):
            return [os.environ['LAMBDA_TASK_ROOT'], os.getcwd(), os.path.dirname(__file__), tempfile.gettempdir()]
    """
    async with engines(isolation="paths") as room:
        spec = room.function(code)
        root, cwd, file, tmp = await room.call(spec)
        assert root == cwd == file == str(spec.code_dir)
        assert tmp.startswith(str(room.engine.scratch))
        why = "Windows has no mount namespaces" if system.WINDOWS else "it was not asked for"
        assert f"not at /var/task and /opt: {why}" in room.engine.launches.folders


async def test_nothing_is_written_beside_the_code(engines: Engines, room_settings: dict[str, str]) -> None:
    async with engines(**room_settings) as room:
        files = {"app.py": "import other, shared\ndef handler(e, c): pass\n", "other.py": ""}
        spec = room.function(files, layers=[{"python/shared.py": ""}])
        await room.call(spec)
        assert sorted(path.name for path in spec.code_dir.rglob("*")) == ["app.py", "other.py"]
        assert sorted(path.name for path in spec.layer_dirs[0].rglob("*")) == ["python", "shared.py"]
