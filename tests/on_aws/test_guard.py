"""Nothing changes without a yes: by every door there is, and by clients of the reader's own. The account is an offline
cloud taken for AWS; a picture of everything in it is the same before and after.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.on_aws.by_cell import ROOT, as_aws
from tests.on_aws.picture import difference, picture
from tests.support import fresh_environment
from workshop.core import net
from workshop.core.agreement import GLOBAL, Guard, guard, is_aws_host
from workshop.core.errors import WorkshopError

SUFFIX = "g4d7"
HELLO = "demo_lambdas/hello_world"


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """An account where a service of this reader's is deployed already."""
    from workshop.cloud.switch import start_local

    cloud = start_local()
    done = run(cloud.endpoint, ["-m", "workshop", "deploy", HELLO], WORKSHOP_CONFIRM="yes")
    assert done.returncode == 0, done.stderr
    yield cloud.endpoint
    cloud.close()


def run(endpoint: str, words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    """A process of a reader on AWS who is not asked, since nobody sits there."""
    environment = fresh_environment(PYTHONPATH=str(ROOT), **as_aws(endpoint, SUFFIX))
    environment.pop("WORKSHOP_CONFIRM")
    return subprocess.run(
        [sys.executable, *words],
        env=environment | more,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=180,
    )


COMMANDS = [
    ["deploy", HELLO, "--force"],
    ["deploy", "demo_lambdas/nightly_report"],
    ["deploy", "function", HELLO, "-f", "hello"],
    ["rollback", HELLO, "-t", "1774850400000"],
    ["remove", HELLO],
    ["clean"],
    ["doctor", "--deploy"],
]
BEGIN = "import boto3\nfrom workshop import connect\n"
PROGRAMS = {
    "a lesson's client": BEGIN + "connect()\nboto3.client('ssm').put_parameter(Name='x', Value='x', Type='String')",
    "a session of one's own": BEGIN + "connect()\nboto3.Session().client('s3').create_bucket(Bucket='own-bucket')",
    "a session with keys": BEGIN + "connect()\n"
    "boto3.Session('test', 'test', region_name='eu-west-1').resource('sqs').create_queue(QueueName='own')",
    "a client made before": BEGIN + "early = boto3.client('sns')\nconnect()\nearly.create_topic(Name='own')",
    "another region": BEGIN + "connect()\nboto3.client('sns', region_name='us-east-1').create_topic(Name='own')",
    "the tool, from Python": "from workshop import serverless\n"
    f"serverless.deploy(serverless.load('{HELLO}'), force=True)",
    "the tool, to remove": "from workshop import connect, serverless\nconnect()\n"
    f"serverless.remove(serverless.load('{HELLO}', stage='dev-{SUFFIX}'))",
    "a lesson's deploy": f"from workshop import connect, deploy\nconnect()\ndeploy('{HELLO}', stage='other')",
    "a lesson's remove": f"from workshop import connect, remove\nconnect()\nremove('{HELLO}')",
}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_changes_anything_without_a_yes(account: str, words: list[str]) -> None:
    before = picture(account)
    done = run(account, ["-m", "workshop", *words])
    assert difference(before, picture(account)) == {}
    assert done.returncode == 1 and "Traceback" not in done.stderr
    if words[0] not in ("clean", "doctor"):  # those have a question, or a list, of their own
        assert "nobody agreed to it" in done.stderr


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_no_program_changes_anything_without_a_yes(account: str, program: str) -> None:
    before, elsewhere = picture(account), picture(account, "us-east-1")
    done = run(account, ["-c", program])
    assert difference(before, picture(account)) == {}
    assert difference(elsewhere, picture(account, "us-east-1")) == {}
    assert done.returncode == 1 and "nobody agreed to it" in done.stderr


def test_a_yes_is_for_one_account_and_one_region(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("WORKSHOP_CONFIRM", "yes")
    one = Guard()
    one.agree("SSM: PutParameter", "111111111111", "eu-west-1")
    one.agree("SSM: PutParameter", "111111111111", "eu-west-1")
    one.agree("IAM: CreateRole", "111111111111", f"aws{GLOBAL}")  # has no region, and belongs to what was agreed to
    assert capsys.readouterr().out.count("This will change things") == 1
    monkeypatch.delenv("WORKSHOP_CONFIRM")
    for account, region in (
        ("222222222222", "eu-west-1"),
        ("111111111111", "us-east-1"),
        ("222222222222", "aws-global"),
    ):
        with pytest.raises(WorkshopError, match="nobody agreed"):
            one.agree("SSM: PutParameter", account, region)
        assert f"{account[-4:]}, region {region}" in capsys.readouterr().out


def test_an_agreement_is_held_against_the_account_of_the_clients_own_credentials(monkeypatch: Any) -> None:
    """A profile of another account, in the same process: STS is asked with its keys, and the owner again."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # clients of AWS itself; nothing is sent
    asked = Guard()
    asked.agreed = {("111111111111", "eu-west-1")}
    accounts = {"AKIAONE": "111111111111", "AKIATWO": "222222222222"}
    monkeypatch.setattr(
        asked, "account_of", lambda client: accounts[client._request_signer._credentials.access_key], raising=False
    )
    clients = {key: boto3.Session(key, "x", region_name="eu-west-1").client("ssm") for key in accounts}
    asked.before(clients["AKIAONE"], "PutParameter")
    with pytest.raises(WorkshopError, match="nobody agreed"):
        asked.before(clients["AKIATWO"], "PutParameter")


@pytest.mark.parametrize("mode", ["local", "endpoint"])
def test_an_offline_process_reaches_no_account(cloud: Any, mode: str, monkeypatch: Any) -> None:
    """Not even to look: whoever works offline has no business there."""
    monkeypatch.setattr(guard, "mode", mode)
    guard.install()
    for endpoint in (
        "https://s3.eu-west-1.amazonaws.com",
        "https://s3.cn-north-1.amazonaws.com.cn",
        "https://s3.api.aws",
    ):
        with pytest.raises(WorkshopError, match="connected to an offline cloud"):
            boto3.client("s3", endpoint_url=endpoint, region_name="eu-west-1").list_buckets()
    assert (
        boto3.client("s3", endpoint_url=cloud.endpoint, region_name="eu-west-1").list_buckets()["Buckets"] is not None
    )


@pytest.mark.parametrize("how", ["variable", "configuration file"])
def test_ignored_endpoints_and_a_profile_lead_an_offline_reader_nowhere(how: str, tmp_path: Path) -> None:
    """Whatever would leave this machine would go by the proxy, which nobody asks."""
    folder = tmp_path / "service"
    folder.mkdir()
    text = (ROOT / HELLO / "serverless.yml").read_text(encoding="utf-8")
    text = text.replace("  name: aws\n", "  name: aws\n  profile: work\n")
    (folder / "serverless.yml").write_text(text, encoding="utf-8")
    (folder / "handler.py").write_text("def hello(event, context):\n    return 1\n", encoding="utf-8")
    ignored = "ignore_configured_endpoint_urls = true\n" if how == "configuration file" else ""
    config = tmp_path / "config"
    config.write_text(f"[profile work]\nregion = eu-west-1\n{ignored}[default]\n{ignored}", encoding="utf-8")
    keys = tmp_path / "credentials"
    keys.write_text("[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n", encoding="utf-8")
    with net.bind(0) as proxy:
        proxy.listen(8)
        proxy.setblocking(False)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        environment = fresh_environment(
            PYTHONPATH=str(ROOT),
            WORKSHOP_CLOUD="local",
            AWS_CONFIG_FILE=str(config),
            AWS_SHARED_CREDENTIALS_FILE=str(keys),
            HTTPS_PROXY=address,
            HTTP_PROXY=address,
            **({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"} if how == "variable" else {}),
        )
        done = subprocess.run(
            [sys.executable, "-m", "workshop", "deploy", str(folder)],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=180,
        )
        with pytest.raises(BlockingIOError):
            proxy.accept()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("url", "is_aws"),
    [
        ("https://lambda.eu-west-1.amazonaws.com", True),
        ("https://s3.cn-north-1.amazonaws.com.cn", True),
        ("https://lambda.eusc-de-east-1.amazonaws.eu", True),
        ("https://lambda.eu-west-1.api.aws", True),
        ("https://amazonaws.com.evil.example", False),
        ("https://notamazonaws.com", False),
        ("http://127.0.0.1:4566", False),
        ("", False),
    ],
)
def test_hosts_of_aws(url: str, is_aws: bool) -> None:
    assert is_aws_host(url) is is_aws
