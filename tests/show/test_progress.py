"""Progress: one row a resource, one final state, whichever way it is drawn."""

from types import SimpleNamespace

import nbformat
from nbclient import NotebookClient

from tests.support import LONGEST
from workshop import show
from workshop.show.progress import state_of


def step(phase, logical_id="", status="done", **more):
    return SimpleNamespace(phase=phase, logical_id=logical_id, status=status, **more)


def test_a_resource_has_one_row_with_its_latest_status():
    begun, ended = step("stack", "Fn", "CREATE_IN_PROGRESS"), step("stack", "Fn", "CREATE_COMPLETE", seconds=0.2)
    steps = show.Steps("Deploying", [begun, ended])
    assert [line.split() for line in str(steps).splitlines()[3:]] == [["done", "stack", "Fn", "0.20"]]


def test_cloudformation_statuses_become_three_words():
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
    said = {"CREATE_COMPLETE": "done", "UPDATE_IN_PROGRESS": "..."}
    said |= {"CREATE_FAILED": "FAILED", "UPDATE_ROLLBACK_COMPLETE": "FAILED"}
    assert {status: state_of(status) for status in said} == said


def test_the_reason_of_a_failure_is_shown():
    steps = show.Steps("Deploying", [step("stack", "Role", "CREATE_FAILED", reason="AccessDenied")])
    assert steps.failed and "AccessDenied" in str(steps) and "FAILED" in steps.html()


def test_no_line_is_wider_than_the_terminal_and_the_newest_rows_stay_in_sight():
    name = "HelloLambdaVersionnKdtJMx7QwfOWX4abcdefghijklmn"
    kind = "AWS::ApiGateway::Deployment"
    rows = [step("update", f"{n}{name}", "CREATE_COMPLETE", type=kind, seconds=0.1) for n in range(30)]
    rows.append(step("update", "Role", "CREATE_FAILED", type="AWS::IAM::Role", reason="a reason of many words " * 9))
    steps = show.Steps("Deploying a-service-with-a-long-name-dev", rows)
    for width in (40, 60, 80, 120):
        assert max(map(len, steps.fitted(width))) < width
    assert len(steps.fitted(80)) > 31
    live = steps.fitted(80, 12)
    assert "before" in live[1]
    assert any("FAILED" in line for line in live)


def test_a_pipe_gets_lines_on_stderr_and_nothing_on_stdout(capsys):
    with show.Progress("Deploying") as progress:
        progress(step("package"))
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines()[0] == "package done" and "done in" in err


def test_an_error_inside_ends_the_account_as_failed(capsys):
    try:
        with show.Progress("Deploying") as progress:
            progress(step("package"))
            raise OSError("disk full")
    except OSError:
        assert "failed after" in progress.steps.headline


def test_a_notebook_keeps_one_output_with_the_final_state():
    source = """
from types import SimpleNamespace as S
from workshop.show import Progress
with Progress("Deploying") as progress:
    for n in range(30):
        progress(S(phase="stack", logical_id=f"R{n % 3}", status="CREATE_COMPLETE" if n > 26 else "CREATE_IN_PROGRESS"))
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, timeout=int(LONGEST), kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data"]
    text = outputs[0].data["text/plain"]
    assert "done in" in text and text.count("done   stack") + text.count("done  stack") == 3 and "..." not in text
