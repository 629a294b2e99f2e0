"""What a reader may turn on the engine, all with AWS's or a laptop's sensible default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class EngineSettings:
    """Settings of the engine; they may be changed while it runs and hold from the next request on.

    Args:
        idle_seconds: an environment unused for so long is ended by `Engine.reap`.
        max_processes: live environments of all functions together; beyond it idle ones of others make room, then
            requests wait in order.
        account_concurrency: requests running at once in the account
            (https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html).
        freeze: stop the processes of an environment between requests, as AWS does.
        init_seconds: the limit of the init phase
            (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
        isolation: `auto` puts code at /var/task and layers at /opt where the system allows; `paths` never does.
    """

    idle_seconds: float = 600.0
    max_processes: int = 50
    account_concurrency: int = 1000
    freeze: bool = True
    init_seconds: float = 10.0
    isolation: str = "auto"
