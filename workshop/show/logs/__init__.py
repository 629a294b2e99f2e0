"""CloudWatch's log events, made nice: parsed, put together per request, filtered, followed.

LogView.of("hello-world-dev-hello")              everything of a function, one entry a request
LogView(events, text="declined")                 of given events, only requests that say so
view.filter(request="a1b2", level="ERROR")       narrower
view.explain()                                   the REPORT line, field by field
view.metrics()                                   invocations, errors, durations, from nothing but the lines
for line in follow("hello-world-dev-hello"): …   as they come
"""

from workshop.show.logs.parse import Line, Report, parse, parse_report
from workshop.show.logs.read import events_of, follow
from workshop.show.logs.requests import Request, group
from workshop.show.logs.view import LogPrinter, LogView

__all__ = ["Line", "LogPrinter", "LogView", "Report", "Request"]
__all__ += ["events_of", "follow", "group", "parse", "parse_report"]
