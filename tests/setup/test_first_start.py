"""The first start on a machine that has Python and nothing else. The real installation is what CI itself does."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.support import LONGEST
from workshop.setup import install

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(getattr(sys, "_base_executable", sys.executable))
posix_only = pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a script with a #! line")

FAKE_UV = """#!{python}
import os, sys, time
if sys.argv[1] == "--version":
    sys.exit(0)
if sys.argv[1] == "venv":
    os.makedirs(sys.argv[-1], exist_ok=True)
    sys.exit(0)
print(os.environ["FAKE_SAYS"], file=sys.stderr, flush=True)
time.sleep(float(os.environ.get("FAKE_SLEEPS", 0)))
sys.exit(2)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout, as far as the set-up reads it, with an installer of ours in place of uv."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    shutil.copytree(ROOT / "workshop", folder / "workshop", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.lock", folder)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "uv").write_text(FAKE_UV.format(python=BASE), encoding="utf-8")
    (tools / "uv").chmod(0o755)
    return folder


def start(checkout: Path, says: str, *, sleeps: float = 0, **more: str) -> subprocess.Popen[str]:
    """`python3 -m workshop` without any packages (-S leaves site-packages out)."""
    environment = dict(os.environ, PATH=f"{checkout.parent / 'bin'}{os.pathsep}{os.environ['PATH']}")
    environment |= {"FAKE_SAYS": says, "FAKE_SLEEPS": str(sleeps), **more}
    environment.pop("PYTHONPATH", None)
    command = [str(BASE), "-S", "-m", "workshop", "--help"]
    return subprocess.Popen(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@posix_only
@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("error: Failed to fetch: dns error: failed to lookup address information", "network is away"),
        ("error: failed to write: No space left on device (os error 28)", "disk became full"),
        ("/usr/bin/python3: No module named ensurepip", "comes without venv"),
        ("error: failed to create file: Permission denied (os error 13)", "may not be written to"),
        ("error: Hash mismatch for boto3: hash does not match", "hash differs"),
        ("error: something nobody foresaw", "something nobody foresaw"),
    ],
)
def test_an_installation_that_fails_says_why_in_one_paragraph(checkout: Path, says: str, expected: str) -> None:
    process = start(checkout, says)
    _, errors = process.communicate(timeout=LONGEST)
    [paragraph] = errors.strip().splitlines()
    assert process.returncode == 1
    assert expected in paragraph
    assert "Traceback" not in errors
    assert not (checkout / ".venv" / ".workshop-ready").exists()
    assert not (checkout / ".venv.lock").exists()


@posix_only
def test_ctrl_c_leaves_a_state_that_the_next_start_goes_on_from(checkout: Path) -> None:
    process = start(checkout, "downloading", sleeps=60)
    deadline = time.monotonic() + LONGEST
    while not (checkout / ".venv").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    assert not (checkout / ".venv.lock").exists()
    again = start(checkout, "error: no space left on device")
    assert "disk became full" in again.communicate(timeout=LONGEST)[1]


@posix_only
def test_a_lock_left_by_a_killed_set_up_does_not_block_the_next(checkout: Path) -> None:
    dead = subprocess.Popen([str(BASE), "-c", ""])
    dead.wait()
    (checkout / ".venv.lock").write_text(str(dead.pid), encoding="utf-8")
    process = start(checkout, "error: no space left on device")
    assert "disk became full" in process.communicate(timeout=LONGEST)[1]


@posix_only
def test_an_installer_that_outlives_its_set_up_is_waited_for(checkout: Path) -> None:
    """Two installers at once in one folder leave it half-made, so the lock is the system's and the installer has it."""
    first = start(checkout, "Downloading numpy", sleeps=4)
    assert "Downloading numpy" in first.stderr.readline()
    first.kill()
    first.wait()
    again = start(checkout, "error: no space left on device")
    said, errors = again.communicate(timeout=LONGEST)
    assert "Another set-up is running in this folder" in said
    assert "disk became full" in errors
    assert not (checkout / ".venv.lock").exists()


def half_made(checkout: Path) -> Path:
    """A `.venv` as an interrupted installer leaves it: one package whole, one short of a file, one without its list."""
    venv = checkout / ".venv"
    version = "{}.{}".format(*sys.version_info)
    packages = venv / f"lib/python{version}/site-packages"
    packages.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(BASE)
    (venv / "pyvenv.cfg").write_text(f"home = {BASE.parent}\nversion = {version}.0\n", encoding="utf-8")
    for name, files in {"whole": ["whole.py"], "half": [], "listless": ["listless.py"]}.items():
        for file in files:
            (packages / file).write_text("x = 1\n", encoding="utf-8")
        info = packages / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\n", encoding="utf-8")
        record = f"{name}.py,sha256=x,6\n{info.name}/METADATA,sha256=x,22\n{info.name}/RECORD,,\n"
        (info / "RECORD").write_text("" if name == "listless" else record, encoding="utf-8")
    return packages


@posix_only
def test_packages_that_a_killed_installer_left_half_made_are_installed_again(checkout: Path) -> None:
    """pip and uv believe a `.dist-info` folder, which they write before the rest of the package.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    packages = half_made(checkout)
    said, _ = start(checkout, "error: no space left on device").communicate(timeout=LONGEST)
    assert [path.name for path in packages.glob("*.dist-info")] == ["whole-1.0.dist-info"]
    assert "half-made" in said
    assert "half" in said and "listless" in said


@posix_only
def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Path) -> None:
    """After an update of the system's Python, `.venv/bin/python` leads nowhere."""
    packages = half_made(checkout)
    (checkout / ".venv" / ".workshop-ready").write_text(install.fingerprint(checkout), encoding="utf-8")
    (checkout / ".venv/bin/python").unlink()
    (checkout / ".venv/bin/python").symlink_to(checkout / "no-such-python")
    process = start(checkout, "error: no space left on device")
    assert "disk became full" in process.communicate(timeout=LONGEST)[1]
    assert not packages.exists()


@posix_only
def test_an_installers_own_words_do_not_stand_beside_the_paragraph(checkout: Path) -> None:
    _, errors = start(checkout, "error: Failed to fetch\n  cause: tcp connect error").communicate(timeout=LONGEST)
    assert "network is away" in errors
    assert "tcp connect error" not in errors


@posix_only
def test_a_stamp_of_another_lock_file_is_not_believed(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".workshop-ready").write_text("of yesterday", encoding="utf-8")
    assert "disk became full" in start(checkout, "error: no space left on device").communicate(timeout=LONGEST)[1]


@pytest.mark.parametrize("name", ["__main__.py", "__init__.py", "setup/__init__.py", "setup/supported.py"])
def test_an_old_python_can_read_what_tells_it_that_it_is_too_old(name: str) -> None:
    source = (ROOT / "workshop" / name).read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 6)).body, "it raises SyntaxError where Python 3.6 cannot read it"


def test_an_old_python_is_refused_in_one_paragraph() -> None:
    old = next((path for version in ("3.10", "3.9", "3.8", "3.7") if (path := runs(f"python{version}"))), None)
    if old is None:
        pytest.skip("no Python older than 3.11 on this machine")
    done = subprocess.run([old, "-m", "workshop"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def runs(name: str) -> str | None:
    """The path of an interpreter that really starts; pyenv's shims exist for versions that are not chosen."""
    found = [
        shutil.which(name),
        *map(str, Path.home().glob(f".pyenv/versions/{name.removeprefix('python')}.*/bin/python")),
    ]
    for path in filter(None, found):
        if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
            return path
    return None


def test_environment_yml_is_a_shell_around_the_lock() -> None:
    """https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html"""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["-r requirements.lock"]
    python = next(str(entry) for entry in environment["dependencies"] if str(entry).startswith("python="))
    assert (3, 11) <= tuple(map(int, python.removeprefix("python=").split("."))) <= (3, 14)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert {"jupyterlab", "boto3", "stripe", "httpx", "moto"} <= set(re.findall(r"^([a-z0-9-]+)==", lock, re.M))


def test_the_lock_is_hashed_pinned_and_names_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=[A-Za-z0-9])", lock)
    assert len(requirements) > 50
    assert all("==" in one and "--hash=sha256:" in one for one in requirements)
    assert "://" not in lock
    assert re.search(r"^moto==5\.2\.", lock, re.M), "workshop/localaws closes the gaps of exactly this minor version"


@pytest.mark.parametrize(("package", "bound"), [("cryptography", 49), ("argon2-cffi-bindings", 26)])
def test_the_lock_keeps_to_the_last_series_with_wheels_for_intel_macs(package: str, bound: int) -> None:
    """Files of their releases: cryptography 49 and argon2-cffi-bindings 26.2 have no wheel for macOS on x86_64."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.findall(rf"^{package}==(\d+)\S*( ; .*)?", lock, re.M)
    elsewhere = "sys_platform != 'darwin' or platform_machine != 'x86_64'"
    assert found
    assert all(int(major) < bound or elsewhere in marker for major, marker in found)


def test_the_lock_has_every_package_that_pyproject_asks_for() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {re.match(r"[A-Za-z0-9_.-]+", line).group().lower() for line in project["dependencies"]}
    locked = set(re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.M))
    assert asked <= {name.lower() for name in locked}
