"""A service: its `serverless.yml`, read, resolved and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.core.live_keys import ONLY_TESTS, has_live_key
from workshop.serverless.marks import Map, Mark, did_you_mean, fault, mark_of
from workshop.serverless.provider_schema import REGION
from workshop.serverless.schema import check, plugins
from workshop.serverless.variable_sources import FILE, Context
from workshop.serverless.variables import Resolver
from workshop.serverless.yaml_source import read_yaml

ROOT = Path(__file__).resolve().parents[2]
_FILES = (FILE, "serverless.yaml", "serverless.json")
DEFAULT_RUNTIME = "python3.13"
DEFAULT_MEMORY, DEFAULT_TIMEOUT = 1024, 6  # the Framework's own: MB, seconds


@dataclass
class Service:
    """One service in one stage.

    Attributes:
        folder: where its `serverless.yml` is.
        file: that file's name.
        name: the service's name.
        stage, region: where it goes.
        stack: the CloudFormation stack's name.
        config: the whole file, resolved; it knows its lines (`marks.mark_of`).
        secrets: values that came from a SecureString; `print` hides them.
        profile: boto3's profile, when the file names one.
        endpoint: the cloud it runs on; empty for where boto3 is pointed.
        tags: of the stack, beside those of the file.
    """

    folder: Path
    file: str
    name: str
    stage: str
    region: str
    config: Map
    secrets: frozenset[str] = frozenset()
    stack: str = ""
    profile: str = ""
    endpoint: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = field(default=(), repr=False)

    @property
    def provider(self) -> Map:
        """The `provider` block."""
        return self.config["provider"]

    @property
    def functions(self) -> dict[str, Map]:
        """The functions by the names of the file."""
        return self.config.get("functions") or {}

    @property
    def layers(self) -> dict[str, Map]:
        """The layers by the names of the file."""
        return self.config.get("layers") or {}

    @property
    def plugins(self) -> list[str]:
        """The plugins named in the file; all of them are not needed here."""
        return plugins(self.config)

    def function(self, name: str) -> Map:
        """One function.

        Raises:
            WorkshopError: there is none of that name; says which is nearest.
        """
        if name not in self.functions:
            raise WorkshopError(
                f"The service {self.name} has no function {name!r}.",
                fix=did_you_mean(name, self.functions) or "It has no functions at all.",
                used_wrongly=True,
            )
        return self.functions[name]

    def function_name(self, name: str) -> str:
        """The name a function has on AWS: `hello-world-dev-hello`."""
        return self.function(name).get("name") or f"{self.name}-{self.stage}-{name}"

    def setting(self, function: str, key: str, default: Any = None) -> Any:
        """A function's own setting, else the provider's, else the default."""
        own = self.functions[function].get(key)
        return own if own is not None else self.provider.get(key, default)

    def runtime(self, function: str) -> str:
        """The runtime of a function."""
        return self.setting(function, "runtime", DEFAULT_RUNTIME)

    @property
    def deploy_command(self) -> str:
        """What to type to deploy this service: its folder as seen from here, or from the checkout."""
        folder = self.folder.resolve()
        near = next((base for base in (Path.cwd(), ROOT) if folder.is_relative_to(base)), None)
        place = folder.relative_to(near).as_posix() if near else str(folder)
        shown = f'"{place}"' if " " in place else place
        return " ".join(["workshop", "deploy", *([] if place == "." else [shown]), "--stage", self.stage])

    def where(self, *path: str) -> Mark | None:
        """The line at which something stands, for messages."""
        holder: Any = self.config
        for part in path[:-1]:
            holder = holder[part]
        return mark_of(holder, path[-1] if path else None)


def load(
    folder: str | Path = ".",
    *,
    stage: str | None = None,
    region: str | None = None,
    params: Mapping[str, str] | None = None,
    endpoint: str = "",
) -> Service:
    """Reads a service's `serverless.yml`, resolves its variables and checks it.

    Args:
        folder: the service's folder.
        stage: overrides `provider.stage`.
        region: overrides `provider.region`.
        params: values for `${param:…}`.
        endpoint: the cloud it will run on, when that is not where boto3 is pointed. `${aws:accountId}` is then that
            cloud's; `${ssm:…}` and `${cf:…}` are read where boto3 is pointed, as without it.

    Raises:
        WorkshopError: the file is missing, is not YAML, holds what does not belong there, or a variable has no value.
    """
    root = Path(folder)
    resolver, file = resolver_of(root, stage=stage, region=region, params=params, endpoint=endpoint)
    context = resolver.context
    try:
        config = resolver.all()
    except RecursionError:
        raise WorkshopError("Variables lead to variables too many times over.", where=file) from None
    _join_functions(config)
    provider = config.get("provider")
    if isinstance(provider, str):  # `provider: aws` is short for its name alone
        mark = mark_of(config, "provider")
        config["provider"] = Map({"name": provider}, mark, {"name": mark} if mark else {})
    _refuse_live_keys(config)  # before anything else could show one in a message
    check(config)
    service = Service(
        folder=root.resolve(),
        file=file,
        name=config["service"],
        stage=context.stage(resolver),
        region=context.region(resolver),
        config=config,
        secrets=frozenset(context.secrets),
        profile=str(config["provider"].get("profile") or ""),
        endpoint=endpoint,
        files=tuple(path for path in context.files if path.is_file()),
    )
    service.stack = config["provider"].get("stackName") or f"{service.name}-{service.stage}"
    check_names(service, stage, region)
    return service


def _refuse_live_keys(value: Any, where: str = "") -> None:
    """Refuse a live key of Stripe wherever it stands in the file or came from by a variable."""
    if isinstance(value, str) and has_live_key(value):
        raise WorkshopError(
            f"A live Stripe key stands here. {ONLY_TESTS}",
            where=where,
            fix="Take it out, and roll the key in Stripe's dashboard if the file was ever shared.",
        )
    if isinstance(value, dict):
        for key, each in value.items():
            _refuse_live_keys(key, where)
            _refuse_live_keys(each, str(mark_of(value, key) or where))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            _refuse_live_keys(each, str(mark_of(value, at) or where))


def resolver_of(
    folder: str | Path,
    *,
    stage: str | None = None,
    region: str | None = None,
    params: Mapping[str, str] | None = None,
    endpoint: str = "",
) -> tuple[Resolver, str]:
    """What resolves a service's file, and that file's name; nothing is resolved yet.

    Raises:
        WorkshopError: the file is missing, is not YAML, or holds no keys.
    """
    root = Path(folder)
    file = find_file(root)
    raw = read_yaml(root / file, file)
    if raw is None:
        raise WorkshopError("The file is empty.", where=file, fix="Begin it with: service: my-service")
    if not isinstance(raw, Map):
        raise WorkshopError("The file must hold keys and values, not a list or text.", where=f"{file}:1")
    options = {key: value for key, value in (("stage", stage), ("region", region)) if value}
    return Resolver(raw, Context(root.resolve(), options, params or {}, _aws_clients(raw, endpoint))), file


def _join_functions(config: Map) -> None:
    """`functions` may be a list of mappings, one a file: `- ${file(orders.yml)}`. They become one mapping.

    https://www.serverless.com/framework/docs/providers/aws/guide/functions
    """
    listed = config.get("functions")
    if not isinstance(listed, list):
        return
    joined = Map(mark=mark_of(config, "functions"))
    for number, block in enumerate(listed):
        if not isinstance(block, Map):
            raise fault(f"functions.{number}: a mapping from names to functions belongs here.", listed, number)
        for name in block:
            if name in joined:
                raise fault(
                    f"functions: {name!r} stands here twice, first at {mark_of(joined, name)}.",
                    block,
                    name,
                    fix="Remove or rename one of them.",
                )
            joined[name], joined.marks[name] = block[name], block.marks[name]
    config["functions"] = joined


def find_file(folder: Path) -> str:
    """The name of the service file in a folder."""
    if not folder.is_dir():
        raise WorkshopError(
            f"There is no folder {folder}.",
            fix="Name a service's folder, such as demo_lambdas/hello_world.",
            used_wrongly=True,
        )
    for name in _FILES:
        if (folder / name).is_file():
            return name
    for name in ("serverless.ts", "serverless.js", "serverless.cjs", "serverless.mjs"):
        if (folder / name).is_file():
            raise WorkshopError(f"{name} is a program; this tool reads {FILE} only.", fix=f"Write it as {FILE}.")
    similar = [path.name for path in folder.iterdir() if path.suffix in (".yml", ".yaml")]
    hint = f" There is {similar[0]}: rename it?" if similar else ""
    raise WorkshopError(
        f"There is no {FILE} in {folder}.{hint}",
        fix="Name the folder of a service, or make one: workshop create hello-world my_service",
        used_wrongly=True,
    )


def _aws_clients(raw: Map, endpoint: str) -> Any:
    """Makes boto3 clients for variables; boto3 is imported only when one needs it."""

    def client(name: str, region: str) -> Any:
        from workshop.serverless.aws import clients

        if endpoint and name == "sts":  # whose the service is there: its ARNs are of that account
            return clients(region, "", endpoint).get(name)
        provider = raw.get("provider")
        profile = provider.get("profile") if isinstance(provider, dict) else None
        return clients(region, profile if isinstance(profile, str) and "${" not in profile else "").get(name)

    return client


def check_names(service: Service, stage: str | None, region: str | None) -> None:
    """What only shows once the stage is known: the lengths of names on AWS."""
    import re

    if not re.fullmatch(r"[a-zA-Z0-9-]{1,128}", service.stage):
        raise WorkshopError(
            f"The stage {service.stage!r} will not do: it holds letters, digits and hyphens only.",
            where="" if stage else str(service.where("provider", "stage") or service.file),
            used_wrongly=bool(stage),
        )
    if not re.fullmatch(REGION, service.region):
        raise WorkshopError(
            f"The region {service.region!r} will not do: it is not an AWS region such as eu-west-1.",
            where="" if region else str(service.where("provider", "region") or service.file),
            used_wrongly=bool(region),
        )
    if len(service.stack) > 128:
        raise WorkshopError(f"The stack's name {service.stack} has {len(service.stack)} characters; 128 is the limit.")
    seen: dict[str, str] = {}
    for name in service.functions:
        full = service.function_name(name)
        where = str(service.where("functions", name) or "")
        if len(full) > 64:
            raise WorkshopError(
                f"The function's name on AWS would be {full}, {len(full)} characters; Lambda allows 64.",
                where=where,
                fix="Shorten the service's or the function's name, or set `name` in the function.",
            )
        if full in seen:
            raise WorkshopError(f"The functions {seen[full]} and {name} would both be named {full}.", where=where)
        seen[full] = name
