"""What a reader looks at: tables, code, HTTP exchanges, progress, logs, the console page, timelines and plots.

Everything here shows in JupyterLab, in a terminal (`print(view)`) and as a committed output on GitHub: plain tables,
Markdown and PNG, with the meaning kept when all styling is gone. It meets AWS only through boto3 and HTTP.

Primitives
    Table(rows, headers, caption)          rows of anything, aligned
    Text(text, caption), Code(source, language, caption), Diff(before, after)
    Note(words), say(words)                a paragraph; said at once, in a notebook or a terminal
    Http(response, request)                one HTTP exchange: status line, a few headers, the body laid out
    Check(name, ok, detail, mend), Checks  a preflight: `[OK]` / `[FAIL]` with the mend on the same line
    Steps(title), Progress(title)          what a deployment did; Progress draws it live and leaves one final state
    side_by_side(*views)                   two views beside each other

Logs (workshop.show.logs: see there)
    LogView(events, …)                     log events as requests: filtered, collapsed, searched, explained
    LogPrinter(out, …)                     the same for a terminal that follows

The console (from the AWS API)
    console(function)                      a function's page: settings, triggers, layers, permissions; `.picture()`
    graphs(function)                       invocations, errors, duration, concurrency

Calls with their figures (workshop.show.measured)
    first_and_second(deployment, names)    cold calls and the warm ones after them; `.dots()`, `.parts()`
    at_once(function, count)               so many calls at the same moment
    burst_beside_one_warm, provisioned     what keeping environments ready saves
    parts_of(calls, process_ms)            where a cold start spends its time
    memory_sizes(function, sizes)          the memory slider: used, billed, dollars

Pictures
    house_style()                          matplotlib set up for a projector and for grey
    new_figure(finding, …)                 a figure and its axes in that style
    figure_alt(figure, text)               the figure as a PNG with its alternative text
    stacked, lines, dots, share_map        bars of parts, lines, measured dots, a map; plain data in, a Picture out
    timeline(source)                       requests over time, one row an environment

Names are loaded when first used: `import workshop.show` imports neither matplotlib nor numpy nor rich.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.core.lazy import attach

if TYPE_CHECKING:
    from workshop.core.checks import Check
    from workshop.core.telling import Note, View, say
    from workshop.show.beside import side_by_side
    from workshop.show.environments import Span, spans, timeline, timeline_table
    from workshop.show.exchange import Http
    from workshop.show.figures import Picture, figure_alt, house_style, new_figure
    from workshop.show.function_page import FunctionPage, console, graphs, metrics_of
    from workshop.show.logs import LogPrinter, LogView
    from workshop.show.measured import (
        Call,
        Pairs,
        at_once,
        burst_beside_one_warm,
        first_and_second,
        function_of,
        make_cold,
        parts_of,
        plain_python_ms,
        provisioned,
    )
    from workshop.show.numbers import median, percentile, spread
    from workshop.show.plots import dots, lines, share_map, stacked
    from workshop.show.progress import Progress, Steps
    from workshop.show.sizes import memory_sizes
    from workshop.show.views import Checks, Code, Diff, Link, Table, Text

__all__, __getattr__, __dir__ = attach(__name__, __file__)
