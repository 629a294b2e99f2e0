"""The execution engine: functions run as processes that speak the Lambda Runtime API.

`Engine(sink, settings).invoke(spec, payload)` is the whole of it; nothing here knows moto, HTTP APIs or events.
"""

from workshop.localaws.runtime.engine import Engine
from workshop.localaws.runtime.model import FunctionSpec, Invocation, LogSink, Throttled
from workshop.localaws.runtime.settings import EngineSettings

__all__ = ["Engine", "EngineSettings", "FunctionSpec", "Invocation", "LogSink", "Throttled"]
