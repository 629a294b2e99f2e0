"""From a function's specification to the command line, folders and variables of an environment."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
import sysconfig
from pathlib import Path

from workshop.core import programs, system
from workshop.core.errors import WorkshopError
from workshop.localaws.runtime.model import FunctionSpec
from workshop.localaws.runtime.process import Launch
from workshop.localaws.runtime.runtimes import Interpreter, Runtimes
from workshop.localaws.runtime.variables import Folders, variables
from workshop.localaws.runtime.view import View

CLIENTS = Path(__file__).parent / "clients"
COVERED = ("/opt", "/var/task", "/var/runtime", "/var/lang")  # what a namespace puts other folders over
MOST_TMPFS = 1024  # MB of /tmp that are kept in memory; a larger one is a folder on disk, without a bound


class Launches:
    """Makes launches; keeps merged layers and the environments' own temporary folders in a scratch folder.

    Args:
        scratch: a folder of the engine's own.
        runtimes: finds interpreters.
    """

    def __init__(self, scratch: Path, runtimes: Runtimes) -> None:
        self.scratch, self.runtimes = scratch, runtimes
        self.view: View | None = None
        self.why_paths = ""
        self.site = sdk_folder()
        self.merged: dict[tuple[Path, ...], Path] = {}

    def allow(self, view: View | None, why_not: str) -> None:
        """Give functions their own view of the machine from now on, unless Python itself would not be in it."""
        own = self.runtimes.own()
        if view is not None:
            try:
                view.of_interpreter(own.path, own.prefix)
                why_not = "Python itself is under one of AWS's paths" if covered(own) else ""
            except ValueError as error:
                why_not = str(error)
        self.view, self.why_paths = (None if why_not else view), why_not

    @property
    def namespaces(self) -> bool:
        """Whether functions have a view of their own."""
        return self.view is not None

    @property
    def folders(self) -> str:
        """What a reader should know of the folders that functions see here."""
        if self.namespaces:
            return "as on AWS: code at /var/task, layers at /opt, nothing else can be written than /tmp"
        return f"found by LAMBDA_TASK_ROOT and the search paths, not at /var/task and /opt: {self.why_paths}"

    @property
    def reach(self) -> str:
        """What a function may do on this machine, in one sentence."""
        if self.namespaces:
            return (
                "a function sees its own folders and processes only, not your files; it may use the network as you may"
            )
        return (
            "a function runs as you and may do what you may: read your files, see and end your processes, use the "
            f"network ({self.why_paths})"
        )

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
        opt = self.opt(spec.layer_dirs)
        site = self.site
        kept = self.scratch / "bytecode" / hashlib.sha256(repr(spec.key).encode()).hexdigest()[:16]
        places = self.places(spec, interpreter, opt, client, site, kept)
        tmp_mb = spec.ephemeral_storage if places and spec.ephemeral_storage <= MOST_TMPFS else 0
        if not tmp_mb:
            tmp.mkdir(parents=True, exist_ok=True)
            if places:
                places.append((str(tmp), "/tmp", True))
        seen = {real: place for real, place, _ in places}
        task, layers, runtime_dir = (seen.get(str(f), str(f)) for f in (spec.code_dir, opt, client))
        folders = Folders(task, layers, runtime_dir, "" if places else str(tmp))
        environ = variables(spec, folders, address=address, stream=stream, init_type=init_type)
        program = (str(Path(interpreter.path).resolve()) if places else interpreter.path) if interpreter else ""
        if family == "python":
            inside = (opt, site, kept, self.scratch / "bytecode" / "sdk")
            names = [seen.get(str(folder), str(folder)) for folder in inside]
            if interpreter.minor == f"3.{sys.version_info[1]}":
                names[3] = ""  # the workshop's own environment has its bytecode beside the modules
            environ["_WORKSHOP_FOLDERS"] = "|".join(names)
            flags = ["-u", "-S", "-s", "-X", "utf8"]
            argv = [program, *flags, f"{runtime_dir}/bootstrap.py", secret.hex()]
        elif family == "node":
            argv = [program, f"{runtime_dir}/bootstrap.mjs", secret.hex()]
        else:
            argv = self.bootstrap(spec.code_dir, task, opt, layers)
        if self.view is None or not places:
            return Launch(argv, environ, task, marker=environment_id)
        for _, place, _ in places:
            self.view.stand(place)
        # A place comes after those that it is in.
        ordered = sorted([*self.view.places, *places], key=lambda each: each[1].count("/"))
        return Launch(argv, environ, task, str(self.view.root), ordered, tmp_mb, environment_id)

    def places(
        self,
        spec: FunctionSpec,
        interpreter: Interpreter | None,
        opt: Path,
        client: Path,
        site: Path,
        kept: Path,
    ) -> list[tuple[str, str, bool]]:
        """Which folder appears where, writable or not; empty when none can move, or one would cover the interpreter."""
        if self.view is None:
            return []
        own: list[tuple[str, str, bool]] = []
        if interpreter:
            if covered(interpreter):
                return []
            try:
                own = self.view.of_interpreter(interpreter.path, interpreter.prefix)
            except ValueError:  # it would bring the home folder with it
                return []
        places = [(spec.code_dir, "/var/task", False), (opt, "/opt", False), (client, "/var/runtime", False)]
        if interpreter and spec.runtime.startswith("python"):
            places.append((site, f"/var/lang/lib/python{interpreter.minor}/site-packages", False))
            for folder in (kept, self.scratch / "bytecode" / "sdk"):
                folder.mkdir(parents=True, exist_ok=True)
                places.append((folder, f"/var/lang/bytecode/{folder.name}", True))
        return own + [(str(folder), place, writable) for folder, place, writable in places]

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
    def bootstrap(code: Path, task: str, opt: Path, layers: str) -> list[str]:
        """The program of a custom runtime, in the code or in a layer.

        https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html

        Raises:
            WorkshopError: there is none; or this is Windows, and the program that its `#!` line names is not here.
        """
        for real, seen in ((code, task), (opt, layers)):
            if (real / "bootstrap").is_file():
                if system.POSIX:
                    return [f"{seen}/bootstrap"]
                if command := programs.of_script(real / "bootstrap"):
                    return command
                raise WorkshopError(
                    "Windows starts no bootstrap that is a program for Linux, and the program in its #! line is not "
                    "installed here. It would run on AWS."
                )
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
