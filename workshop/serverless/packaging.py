"""Packages a service: its zips, its templates, and what was found on the way. Asks nothing of AWS."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workshop.core import text_files
from workshop.core.errors import WorkshopError
from workshop.core.paths import is_folder, reason
from workshop.serverless import checks, code_checks, dependencies, shadows, zips
from workshop.serverless.aws import is_aws
from workshop.serverless.patterns import Selection
from workshop.serverless.service import Service
from workshop.serverless.template import Artifacts, create_template, update_template
from workshop.serverless.template.build import Stored
from workshop.serverless.zips import Zip

CREATE = "cloudformation-template-create-stack.json"  # the Framework's own names
UPDATE = "cloudformation-template-update-stack.json"


@dataclass(frozen=True)
class Schedule:
    """One schedule: in words, with its next runs in UTC."""

    function: str
    expression: str
    words: str
    zone: str
    runs: tuple[datetime, ...]
    enabled: bool = True

    def line(self) -> str:
        """`nightly: at 03:00 UTC, Monday to Friday; next Tue 24 Nov 03:00, …`"""
        if not self.enabled:
            return f"{self.function}: {self.words} (disabled)"
        when = ", ".join(f"{run:%a %d %b %H:%M}" for run in self.runs)
        return f"{self.function}: {self.words}; next: {when} UTC"


@dataclass
class Package:
    """What a deploy uploads.

    Attributes:
        service: what was packaged.
        functions, layers: the zip of each, by the names of the file; functions may share one.
        warnings: what deserves a look; `notes`: what was decided on the way.
        schedules: every schedule with its next runs.
        seconds: how long packaging took.
    """

    service: Service
    functions: dict[str, Zip]
    layers: dict[str, Zip]
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def zips(self) -> dict[str, Zip]:
        """Every zip once, by its file name."""
        return {one.name: one for one in (*self.functions.values(), *self.layers.values())}

    def artifacts(self, folder: str, known: dict[str, Stored] | None = None) -> Artifacts:
        """Where the zips are (to be) stored; `known` are layers that the bucket has already."""
        functions = {name: Stored(f"{folder}/{one.name}", one.sha256, one.sha1) for name, one in self.functions.items()}
        layers = {
            name: (known or {}).get(name) or Stored(f"{folder}/{one.name}", one.sha256, one.sha1)
            for name, one in self.layers.items()
        }
        return Artifacts(functions, layers)

    def template(self, folder: str | None = None, known: dict[str, Stored] | None = None) -> dict[str, Any]:
        """The CloudFormation template of the whole service."""
        return update_template(self.service, self.artifacts(folder or new_folder(self.service), known))

    def create_template(self) -> dict[str, Any]:
        """The template a first deploy begins with."""
        return create_template(self.service)

    def write(self, folder: Path | None = None) -> list[Path]:
        """Writes templates and zips, by default to `.serverless`, as the Framework does. Returns the files.

        Files of an earlier package that this one has no more are removed; what else is in the folder stays.

        Args:
            folder: another folder: a new one, an empty one, or one that holds an earlier package.

        Raises:
            WorkshopError: the folder holds other things, or cannot be written to; nothing was changed.
        """
        target = folder or self.service.folder / ".serverless"
        contents: dict[str, bytes] = {
            CREATE: _pretty(self.create_template()),
            UPDATE: _pretty(self.template()),
        }
        contents |= {name: one.content for name, one in self.zips.items()}
        try:
            old = packaged_before(target) if is_folder(target) else []
            if old is None and folder is None and not target.is_symlink():
                old = []  # `.serverless` is the tools' own folder: another tool's package in it is written over
            if old is None:
                raise WorkshopError(
                    f"{target} holds other files than a package; nothing was written.",
                    fix="Name a new folder, or an empty one.",
                    used_wrongly=True,
                )
            target.mkdir(parents=True, exist_ok=True)
            for name in old:
                if name not in contents:
                    (target / name).unlink(missing_ok=True)
            for name, content in contents.items():
                (target / name).write_bytes(content)
        except OSError as error:
            raise WorkshopError(f"The package cannot be written to {target.name}: {reason(error)}.") from None
        return [target / name for name in contents]

    def to_json(self) -> dict[str, Any]:
        """What `workshop package --json` prints."""
        return {
            "service": self.service.name,
            "stage": self.service.stage,
            "stack": self.service.stack,
            "zips": [
                {
                    "name": one.name,
                    "bytes": one.size,
                    "unzipped": one.unzipped,
                    "sha256": one.sha256,
                    "files": sorted(one.files),
                    "kept_out": one.kept_out,
                }
                for one in self.zips.values()
            ],
            "resources": {name: one["Type"] for name, one in self.template("serverless")["Resources"].items()},
            "schedules": [
                {
                    "function": one.function,
                    "expression": one.expression,
                    "words": one.words,
                    "next": [run.isoformat() for run in one.runs],
                }
                for one in self.schedules
            ],
            "warnings": self.warnings,
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


def packaged_before(folder: Path) -> list[str] | None:
    """The files of the package that a folder holds, by its own template; None when it holds something else."""
    names = [path.name for path in folder.iterdir()]
    if not names:
        return []
    if UPDATE not in names:
        return None
    try:
        template = json.loads(text_files.read(folder / UPDATE))
        made = [resource.get("Properties") or {} for resource in template["Resources"].values()]
        keys = [key for properties in made for key in _keys(properties)]
    except (WorkshopError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return [name for name in names if name in keys and name.endswith(".zip") and (folder / name).is_file()]


def _keys(properties: dict[str, Any]) -> list[str]:
    """The file names of the zips that a function or a layer is made from."""
    places = [properties.get("Code"), properties.get("Content")]
    return [str(one["S3Key"]).rpartition("/")[2] for one in places if isinstance(one, dict) and "S3Key" in one]


def _pretty(template: dict[str, Any]) -> bytes:
    return json.dumps(template, indent=2, ensure_ascii=False).encode()


def new_folder(service: Service) -> str:
    """The bucket's folder for this deployment: `serverless/<service>/<stage>/<milliseconds>-<time>`."""
    now = time.time_ns() // 1_000_000
    when = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"serverless/{service.name}/{service.stage}/{now}-{when}"


def package(service: Service) -> Package:
    """Checks a service and zips it.

    Args:
        service: what `load` gave.

    Raises:
        WorkshopError: whatever would make the deploy fail, or the function after it.
    """
    began = time.perf_counter()
    warnings = checks.check_file(service)
    schedules = checks.schedules(service)
    layers = {name: _layer(service, name) for name in service.layers}
    functions = _functions(service)
    made = Package(service, functions, layers, warnings, [], schedules)
    for one in made.zips.values():
        made.warnings += code_checks.check_secrets(one)
        made.warnings += code_checks.check_line_ends(one)
        made.notes += one.notes
    for name, one in functions.items():
        code_checks.check_code(service, name, one, layers)
    made.template("checked")  # what the file's own resources get wrong shows here
    made.seconds = time.perf_counter() - began
    return made


def _patterns(settings: Any) -> list[str]:
    """`patterns`, after the older `exclude` and `include`."""
    block = settings or {}
    older = [f"!{pattern}" for pattern in block.get("exclude") or []] + list(block.get("include") or [])
    return [*older, *(block.get("patterns") or [])]


def _functions(service: Service) -> dict[str, Zip]:
    whole = service.config.get("package") or {}
    shared: dict[str, Zip] = {}
    found = {}
    for name, settings in service.functions.items():
        own = settings.get("package") or {}
        artifact = own.get("artifact") or whole.get("artifact")
        if artifact:
            found[name] = zips.read(service.folder / artifact, artifact)
            continue
        alone = own.get("individually", whole.get("individually", False))
        file = f"{name if alone else service.name}.zip"
        if file not in shared:
            patterns = [*_patterns(whole), *(_patterns(own) if alone else [])]
            shared[file] = _zip(service, file, patterns, [name] if alone else list(service.functions))
        found[name] = shared[file]
    return found


def _zip(service: Service, file: str, patterns: list[str], functions: list[str]) -> Zip:
    """One zip of the service's folder, with the packages its functions need."""
    without = [layer["path"] for layer in service.layers.values() if layer.get("path", ".").strip("./")]
    node = any(service.runtime(name).startswith("nodejs") for name in functions)
    selection = Selection(patterns, without, node=node)
    files = list(selection.files(service.folder))
    installed = dependencies.Installed()
    requirements = _requirements(service, functions)
    if requirements is not None:
        path, shown, runtime = requirements
        installed = dependencies.install(path, shown, _target(service, runtime))
    made = zips.build(file, files, installed.content, installed.files)
    made.kept_out, made.notes = selection.kept_out, installed.notes
    return made


def _requirements(service: Service, functions: list[str]) -> tuple[Path, str, str] | None:
    """The `requirements.txt` of functions: beside the one handler that a zip is for, else beside `serverless.yml`."""
    python = [name for name in functions if service.runtime(name).startswith("python")]
    if not python:
        return None
    places = []
    if len(functions) == 1:
        handler = service.functions[functions[0]]["handler"]
        places.append(handler.rpartition("/")[0])
    for place in dict.fromkeys([*places, ""]):
        path = service.folder / place / "requirements.txt"
        if path.is_file():
            return path, f"{place}/requirements.txt".lstrip("/"), service.runtime(python[0])
    return None


def _target(service: Service, runtime: str) -> dependencies.Target:
    return dependencies.Target(re.sub(r"^python", "", runtime), here=not is_aws())


def _layer(service: Service, name: str) -> Zip:
    """A layer's folder as it will stand under /opt; a `requirements.txt` in it is installed into `python/`."""
    settings = service.layers[name]
    block = settings.get("package") or {}
    if block.get("artifact"):
        return zips.read(service.folder / block["artifact"], block["artifact"])
    root = service.folder / settings["path"]
    selection = Selection(_patterns(block), node=True)
    files = list(selection.files(root))
    installed = dependencies.Installed()
    if (root / "requirements.txt").is_file():
        runtimes = [one for one in settings.get("compatibleRuntimes") or [] if one.startswith("python")]
        runtime = runtimes[-1] if runtimes else service.provider.get("runtime", "python3.13")
        shown = f"{settings['path']}/requirements.txt"
        installed = dependencies.install(root / "requirements.txt", shown, _target(service, runtime), "python/")
    made = zips.build(f"{name}.zip", files, installed.content, installed.files)
    made.kept_out, made.notes = selection.kept_out, installed.notes
    if not made.files:
        raise WorkshopError(
            f"The layer {name} is empty: {settings['path']} holds no files.",
            where=str(service.where("layers", name) or ""),
        )
    shadows.check_layer(name, made.files, str(service.where("layers", name) or ""))
    return made
