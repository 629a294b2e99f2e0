"""The bench measures what it says: load generator, figures, report. No time is asserted."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests.support import LONGEST
from workshop.bench import load, report
from workshop.bench.figures import KNOWN, Figure, Subject, machine, repeated
from workshop.bench.peers import SUBJECTS, command, plugin_folder
from workshop.bench.subject import Plan, get, http_figures
from workshop.core.errors import WorkshopError

ROOT = Path(__file__).resolve().parents[2]


class Handler(BaseHTTPRequestHandler):
    """Answers /ok, /chunked and /teapot over keep-alive connections; /close ends the connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would wait 40 ms for an acknowledgement

    def do_GET(self):
        body = b"x" * 5000
        self.send_response(418 if self.path == "/teapot" else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n")
            self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.served.append(self.client_address[1])
        self.close_connection = self.path == "/close"

    def log_message(self, *_):
        """Silent."""


@pytest.fixture
def server():
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.daemon_threads, found.served = True, []
    threading.Thread(target=found.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{found.server_port}"
    yield found
    found.shutdown()
    found.server_close()


def test_load_makes_exactly_the_requests_asked_for_on_kept_connections(server):
    found = load.run(f"{server.url}/ok", connections=4, requests=203)
    assert found["requests"] == len(server.served) == 203 and found["errors"] == 0
    assert len(set(server.served)) == 4 and 0 < found["p50"] <= found["p99"] <= found["most"]


def test_load_counts_what_is_not_200_and_understands_chunks(server):
    assert load.run(f"{server.url}/teapot", connections=1, requests=5)["errors"] == 5
    assert load.run(f"{server.url}/chunked", connections=2, requests=20)["requests"] == 20


def test_load_ends_when_connections_end(server):
    assert load.run(f"{server.url}/close", connections=2, requests=100)["requests"] >= 2


def test_load_refuses_when_nobody_listens(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(OSError):
        load.run(server.url, connections=1, requests=1)


def test_load_as_a_command_prints_json(server):
    command_line = [sys.executable, "-m", "workshop.bench.load", f"{server.url}/ok", "--requests", "10"]
    out = subprocess.run(command_line, capture_output=True, text=True, check=True)
    assert json.loads(out.stdout)["requests"] == 10
    assert subprocess.run(command_line[:4], capture_output=True, check=False).returncode == 2


def test_http_figures_cover_what_the_readme_quotes(server):
    plan = Plan(quick=True)
    plan.warm_requests, plan.seconds = 20, 0.05
    keys = {figure.key for figure in http_figures(f"{server.url}/ok", f"{server.url}/ok", plan)}
    assert keys >= {"warm_p50", "warm_p99", "printing_p50", "rps_1", "rps_8", "rps_32"}


def test_a_failing_function_is_an_error_and_no_figure(server):
    with pytest.raises(WorkshopError, match="does not answer"):
        get(f"{server.url}/teapot")
    with pytest.raises(WorkshopError, match="not 200"):
        http_figures(f"{server.url}/teapot", f"{server.url}/ok", Plan(quick=True))


def test_repeats_leave_the_warm_up_out():
    calls = []
    values = repeated(lambda: float(calls.append(1) or len(calls)), 3, warm_up=2)
    assert values == [3.0, 4.0, 5.0]


def test_a_figure_is_a_median_with_the_range_of_half():
    figure = Figure("cold", [10.0, 11.0, 12.0, 30.0])
    assert figure.text() == "11.5 (10 to 12) ms" and figure.holds() is None
    assert Figure("warm_p50", [1.4]).holds() is True and Figure("warm_p50", [1.6]).holds() is False
    assert Figure("simfaas", [120.0]).holds() is True


def test_the_machine_is_named_without_names():
    import getpass
    import platform

    text = machine()
    assert "Python" in text and "cores" in text
    assert not {platform.node(), getpass.getuser()} & set(text.replace(",", " ").split())


def some():
    own = Subject("workshop", [Figure("ready", [0.5]), Figure("warm_p50", [0.9]), Figure("cold", [60.0], "a note")])
    return [own, Subject("ministack", [Figure("warm_p50", [5.0])]), Subject("sls", skipped="It is not installed.")]


def results(**changed):
    given = {"subjects": some(), "whole": [Figure("answering", [2.0, 2.1, 2.2])], "when": date(2026, 1, 2)}
    return report.Results("A machine, 2 cores", **(given | changed))


def test_the_report_names_machine_targets_notes_and_what_was_left_out(tmp_path):
    paths = report.write(tmp_path, results())
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert [path.name for path in paths] == ["results.md", "results.png", "results.json"]
    assert "On A machine, 2 cores; 02 January 2026." in text and "2.1 (2 to 2.2) s" in text and "[OK]" in text
    assert "a note" in text and "It is not installed." in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")


def test_every_figure_has_a_place_in_the_table():
    figures = [Figure(key, [1.0]) for key in KNOWN]
    assert len(report.table([Subject("workshop", figures)], []).rows) == len(KNOWN)
    assert set(report.QUOTED) | set(report.DRAWN) <= set(KNOWN)


def test_figures_of_the_whole_are_never_in_a_peers_column():
    found = report.table([Subject("ministack", [Figure("cold", [9.0])], version="1.2")], [Figure("simulator", [5.0])])
    assert found.headers[1:3] == ["workshop", "ministack 1.2"]
    assert [row[1:3] for row in found.rows] == [["", "9 ms"], ["5 M/s", ""]]


def test_results_are_read_back_as_they_were_written(tmp_path):
    report.write(tmp_path, results())
    assert report.Results.read(tmp_path) == results()
    (tmp_path / "results.json").write_text('{"whole": 3}', encoding="utf-8")
    assert report.Results.read(tmp_path) is None


def test_a_part_measured_again_keeps_the_others_of_the_same_machine_and_kind():
    again = results(subjects=[Subject("ministack", [Figure("warm_p50", [4.0])])], whole=[])
    both = again.with_older(results())
    assert {one.name: one.get("warm_p50") and one.get("warm_p50").values for one in both.subjects} == {
        "ministack": [4.0],
        "workshop": [0.9],
        "sls": None,
    }
    assert [one.key for one in both.whole] == ["answering"]
    assert again.with_older(results(quick=True)) is again
    assert replace(again, machine="Another").with_older(results()).machine == "Another"


def test_a_bench_of_one_part_writes_what_it_measured(tmp_path):
    command_line = [sys.executable, "-m", "workshop", "bench", "--quick", "--only", "simulator", "--out", str(tmp_path)]
    done = subprocess.run(command_line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert report.Results.read(tmp_path).whole[0].key == "simulator"
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "simulated requests" in text and "A quick look" in text and "results.png" not in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "nonsense"], "There is no part 'nonsense'"),
        (["--quick", "--readme"], "The README quotes benchmarks/, measured in full"),
        (["--out", __file__], "is a file"),
    ],
)
def test_a_bench_used_wrongly_says_so_before_it_measures(words, said):
    command_line = [sys.executable, "-m", "workshop", "bench", *words]
    done = subprocess.run(command_line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 2 and said in " ".join(done.stderr.split()) and "measuring" not in done.stderr


def test_the_readme_gets_its_figures_between_two_marks(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"# A\n\n{report.BEGIN}\nof last year\n{report.END}\n\n## B\n", encoding="utf-8")
    for _ in range(2):  # twice is as once
        report.into_readme(page, results())
        text = page.read_text(encoding="utf-8")
        assert text.startswith("# A\n") and text.endswith("\n\n## B\n") and "of last year" not in text
        assert text.count("2.1 (2 to 2.2) s") == 1 and "A machine, 2 cores; 02 January 2026" in text
    page.write_text("# No marks\n", encoding="utf-8")
    with pytest.raises(WorkshopError, match="no place for the figures"):
        report.into_readme(page, results())


def test_the_committed_pages_say_what_the_committed_results_say(tmp_path):
    folder = ROOT / "benchmarks"
    found = report.Results.read(folder)
    page = tmp_path / "README.md"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page.write_text(readme, encoding="utf-8")
    report.into_readme(page, found)
    assert page.read_text(encoding="utf-8") == readme, "run: workshop bench --out benchmarks --readme"
    if found is not None:
        assert not found.quick
        assert (folder / "results.md").read_text(encoding="utf-8") == report.markdown(found)


def test_subjects_survive_json():
    before = some()
    assert [Subject.of(json.loads(json.dumps(one.plain()))) for one in before] == before


def test_a_missing_peer_says_where_to_name_it(monkeypatch):
    monkeypatch.delenv("WORKSHOP_BENCH_NOTHING", raising=False)
    with pytest.raises(WorkshopError, match=r"no-such-program is not installed\. Put it on .*WORKSHOP_BENCH_NOTHING"):
        command("WORKSHOP_BENCH_NOTHING", "no-such-program")
    assert "workshop" in SUBJECTS


def test_a_slow_server_is_not_waited_for(server):
    found = load.run(f"{server.url}/ok", connections=2, requests=10**9, seconds=0.2)
    assert 0 < found["requests"] < 10**9 and found["errors"] == 0


def test_a_framework_without_the_plugin_says_how_to_get_it_and_names_no_path(tmp_path):
    program = tmp_path / "node_modules" / ".bin" / "osls"
    program.parent.mkdir(parents=True)
    program.touch()
    with pytest.raises(WorkshopError, match="npm install osls serverless-offline") as raised:
        plugin_folder(program)
    assert str(tmp_path) not in str(raised.value)
    (tmp_path / "node_modules" / "serverless-offline").mkdir()
    assert plugin_folder(program) == tmp_path / "node_modules"


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C for one process group cannot be sent on Windows")
def test_ctrl_c_leaves_no_folder_and_no_process(tmp_path):
    command_line = [sys.executable, "-m", "workshop", "bench", "--quick", "--only", "workshop"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    flags = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    with subprocess.Popen(command_line, env=environment, **flags) as process:
        try:
            until(lambda: list(tmp_path.glob("workshop-bench-*")), "the subject has begun")
            family = psutil.Process(process.pid).children(recursive=True)
            os.killpg(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=LONGEST)
        finally:
            process.kill()
    assert process.returncode == 130 and b"Traceback" not in errors
    assert not list(tmp_path.glob("workshop-bench-*"))
    assert not psutil.wait_procs(family, timeout=LONGEST)[1]


def until(true, what):
    deadline = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
