"""From a function's specification to the command line, folders and variables of an environment."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
import sysconfig
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.localaws.runtime.model import FunctionSpec
from workshop.localaws.runtime.process import Launch
from workshop.localaws.runtime.runtimes import Interpreter, Runtimes
from workshop.localaws.runtime.variables import Folders, variables

CLIENTS = Path(__file__).parent / "clients"
COVERED = ("/opt", "/var/task", "/var/runtime", "/var/lang")  # what a namespace puts other folders over


class Launches:
    """Makes launches; keeps merged layers and the environments' own temporary folders in a scratch folder.

    Args:
        scratch: a folder of the engine's own.
        namespaces: whether folders can be made to appear at AWS's paths.
    """

    def __init__(self, scratch: Path, runtimes: Runtimes) -> None:
        self.scratch, self.runtimes = scratch, runtimes
        self.namespaces, self.why_paths = False, ""
        self.site = sdk_folder()
        self.merged: dict[tuple[Path, ...], Path] = {}

    def allow(self, namespaces: bool, why_not: str) -> None:
        """Use namespaces from now on, unless they would cover the Python that runs the workshop."""
        self.namespaces = namespaces and not covered(self.runtimes.own())
        self.why_paths = "" if self.namespaces else why_not or "Python itself is under one of AWS's paths"

    @property
    def folders(self) -> str:
        """What a reader should know of the folders that functions see here."""
        if self.namespaces:
            return "as on AWS: code at /var/task, layers at /opt, nothing else can be written than /tmp"
        return f"found by LAMBDA_TASK_ROOT and the search paths, not at /var/task and /opt: {self.why_paths}"

    def prepare(
        self, spec: FunctionSpec, *, environment_id: str, address: str, stream: str, init_type: str, secret: bytes
    ) -> Launch:
        """What to run for one environment.

        Raises:
            WorkshopError: the runtime does not run here, or the package lacks what it needs.
        """
        interpreter = self.runtimes.interpreter(spec.runtime)
        if not spec.code_dir.is_dir():
            raise WorkshopError(f"The code of {spec.name} is not at {spec.code_dir}.", fix="Deploy it again.")
        family = "python" if spec.runtime.startswith("python") else "node" if interpreter else "provided"
        client = CLIENTS / family if interpreter else self.empty("runtime")
        tmp = self.scratch / "tmp" / environment_id
        tmp.mkdir(parents=True, exist_ok=True)
        opt = self.opt(spec.layer_dirs)
        site = self.site
        kept = self.scratch / "bytecode" / hashlib.sha256(repr(spec.key).encode()).hexdigest()[:16]
        places = self.places(spec, interpreter, opt, client, tmp, site, kept)
        seen = {real: place for real, place, _ in places}
        task, layers, runtime_dir = (seen.get(str(f), str(f)) for f in (spec.code_dir, opt, client))
        folders = Folders(task, layers, runtime_dir, "" if "/tmp" in seen.values() else str(tmp))
        environ = variables(spec, folders, address=address, stream=stream, init_type=init_type)
        if family == "python":
            inside = (opt, site, kept, self.scratch / "bytecode" / "sdk")
            names = [seen.get(str(folder), str(folder)) for folder in inside]
            if interpreter.minor == f"3.{sys.version_info[1]}":
                names[3] = ""  # the workshop's own environment has its bytecode beside the modules
            environ["_WORKSHOP_FOLDERS"] = "|".join(names)
            flags = ["-u", "-S", "-s", "-X", "utf8"]
            argv = [interpreter.path, *flags, f"{runtime_dir}/bootstrap.py", secret.hex()]
        elif family == "node":
            argv = [interpreter.path, f"{runtime_dir}/bootstrap.mjs", secret.hex()]
        else:
            argv = [self.bootstrap(spec.code_dir, task, opt, layers)]
        return Launch(argv, environ, task, places, environment_id)

    def places(
        self,
        spec: FunctionSpec,
        interpreter: Interpreter | None,
        opt: Path,
        client: Path,
        tmp: Path,
        site: Path,
        kept: Path,
    ) -> list[tuple[str, str, bool]]:
        """Which folder appears where, writable or not; empty when none can move, or one would cover the interpreter."""
        if not self.namespaces:
            return []
        if interpreter and covered(interpreter):
            return []
        places = [(spec.code_dir, "/var/task", False), (opt, "/opt", False), (client, "/var/runtime", False)]
        if interpreter and spec.runtime.startswith("python"):
            places.append((site, f"/var/lang/lib/python{interpreter.minor}/site-packages", False))
            for folder in (kept, self.scratch / "bytecode" / "sdk"):
                folder.mkdir(parents=True, exist_ok=True)
                places.append((folder, f"/var/lang/bytecode/{folder.name}", True))
        tmp_is_free = not (interpreter and covered(interpreter, ("/tmp",)))
        places.append((tmp, "/tmp" if tmp_is_free else str(tmp), True))
        return [(str(folder), place, writable) for folder, place, writable in places]

    def opt(self, layers: tuple[Path, ...]) -> Path:
        """One folder with all layers; of two files with one name the later layer's stays.

        https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html
        """
        if not layers:
            return self.empty("opt")
        if len(layers) == 1:
            return layers[0]
        if layers not in self.merged:
            target = self.scratch / "opt" / str(len(self.merged))
            for layer in layers:
                overlay(layer, target)
            self.merged[layers] = target
        return self.merged[layers]

    def empty(self, name: str) -> Path:
        """An empty folder."""
        folder = self.scratch / "empty" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @staticmethod
    def bootstrap(code: Path, task: str, opt: Path, layers: str) -> str:
        """The program of a custom runtime, in the code or in a layer.

        https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
        """
        for real, seen in ((code, task), (opt, layers)):
            if (real / "bootstrap").is_file():
                return f"{seen}/bootstrap"
        raise WorkshopError("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")

    def discard(self, environment_id: str) -> None:
        """Delete an environment's temporary folder. Slow: for a thread."""
        shutil.rmtree(self.scratch / "tmp" / environment_id, ignore_errors=True)


def covered(interpreter: Interpreter, places: tuple[str, ...] = COVERED) -> bool:
    """Whether a folder mounted at one of these places would hide an interpreter."""
    needed = (Path(interpreter.path).resolve(), Path(interpreter.prefix).resolve())
    return any(path.is_relative_to(place) for path in needed for place in places)


def sdk_folder() -> Path:
    """Where the workshop's own environment keeps boto3 and what it needs."""
    found = importlib.util.find_spec("botocore")
    return Path(found.origin).parent.parent if found and found.origin else Path(sysconfig.get_paths()["purelib"])


def overlay(source: Path, target: Path) -> None:
    """Put a tree over another one: folders are merged, files replaced. Links where the disk can, else copies."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        place = target / entry.name
        if entry.is_dir() and not entry.is_symlink():
            if place.is_symlink() or place.is_file():
                place.unlink()
            overlay(entry, place)
            continue
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        if entry.is_symlink():
            place.symlink_to(entry.readlink())
            continue
        try:
            place.hardlink_to(entry)
        except OSError:
            shutil.copy2(entry, place)
