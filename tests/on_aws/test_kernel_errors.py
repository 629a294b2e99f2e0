"""An account's trouble in a notebook is a paragraph, not a traceback; met in a real kernel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from workshop.core import net
from workshop.notebooks import ROOT, kernel_environment


def errors(source: str, tmp_path: Path, **variables: str) -> list[Any]:
    """Runs one cell in a kernel of its own. Returns its error outputs."""
    kept = {name: value for name, value in kernel_environment().items() if not name.startswith(("AWS_", "WORKSHOP_"))}
    environment = kept | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "WORKSHOP_SUFFIX": "k3f9",
        **variables,
    }
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    folder = {"metadata": {"path": str(ROOT / "notebooks")}}
    client = NotebookClient(
        notebook,
        timeout=120,
        allow_errors=True,
        kernel_name="python3",
        resources=folder,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.execute(env=environment)
    return [one for one in notebook.cells[0].outputs if one.output_type == "error"]


CONNECT = "from workshop import connect\ncloud = connect()\n"


def test_no_credentials_is_a_paragraph(tmp_path: Path) -> None:
    """The first cell of every lesson shows the cloud, and asks for the account's number for that."""
    [error] = errors(CONNECT + "cloud", tmp_path, WORKSHOP_CLOUD="aws", AWS_REGION="eu-west-1")
    [said] = error.traceback
    assert "AWS credentials are missing" in said and "aws configure" in said and "Traceback" not in said


def test_nobody_who_answers_is_a_paragraph(tmp_path: Path) -> None:
    with net.bind(0) as free:
        port = free.getsockname()[1]
    source = CONNECT + "import boto3\nboto3.client('lambda').list_functions()"
    [error] = errors(
        source,
        tmp_path,
        WORKSHOP_CLOUD="aws",
        AWS_REGION="eu-west-1",
        AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="b",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_MAX_ATTEMPTS="1",
    )
    assert error.traceback == [
        f"http://127.0.0.1:{port} does not answer. Check that it runs (workshop up), then try again."
    ]


def test_an_offline_cloud_that_is_gone_is_a_paragraph(tmp_path: Path) -> None:
    source = CONNECT + "import boto3\nboto3.client('sts')\ncloud.close()\nboto3.client('sts').get_caller_identity()"
    [error] = errors(source, tmp_path, AWS_MAX_ATTEMPTS="1")
    said = "The offline cloud of this notebook does not answer. Restart the kernel to get a fresh one."
    assert error.traceback == [said]


@pytest.mark.parametrize("variables", [{}, {"WORKSHOP_CLOUD": "aws", "WORKSHOP_CONFIRM": "yes"}])
def test_other_errors_keep_their_traceback(tmp_path: Path, cloud: Any, variables: dict[str, str]) -> None:
    """A function that is not there may be a lesson, or a slip of the reader's own code."""
    source = CONNECT + "import boto3\nboto3.client('lambda').get_function(FunctionName='no-such-one')"
    if variables:
        variables = {
            **variables,
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_REGION": "eu-west-1",
        }
    [error] = errors(source, tmp_path, **variables)
    assert error.ename == "ResourceNotFoundException" and len(error.traceback) > 3
    assert os.environ.get("WORKSHOP_CLOUD") != "aws"
