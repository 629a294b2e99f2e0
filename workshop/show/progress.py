"""What a deployment does, step by step: drawn live, in place, and left as one final state."""

from __future__ import annotations

import sys
import textwrap
import time
from types import TracebackType
from typing import Any

from workshop.core.inert import inert
from workshop.core.telling import View, in_notebook
from workshop.show.views import Table, shortened

REDRAW_SECONDS = 0.1  # a notebook's output is replaced at most this often
_RUNNING, _DONE, _FAILED = "...", "done", "FAILED"


def state_of(status: str) -> str:
    """`...`, `done` or `FAILED` for a status such as CloudFormation's CREATE_IN_PROGRESS.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
    """
    upper = status.upper()
    if "FAILED" in upper or "ROLLBACK" in upper or upper in ("ERROR", "CANCELLED"):
        return _FAILED
    return _RUNNING if "PROGRESS" in upper or upper in ("START", "STARTED", "RUNNING", "BEGIN") else _DONE


class Steps(View):
    """The steps of a deployment, one row a resource, in the order they began.

    Args:
        title: what is being done, such as `Deploying hello-world-dev`.
        steps: events to begin with; each has `phase`, `logical_id`, `type`, `status`, `reason`, `seconds` (any of
            them may be missing or empty).
        brief: show one line, unless something fails.
    """

    def __init__(self, title: str = "", steps: Any = (), *, brief: bool = False) -> None:
        self.title, self.ended, self.failed, self.brief = title, "", False, brief
        self._rows: dict[tuple[str, str], list[str]] = {}
        self.last = ""
        for step in steps:
            self.add(step)

    def add(self, step: Any) -> None:
        """Take one event: a new row, or a new status of the row of the same phase and logical id."""
        phase, logical_id = _word(step, "phase"), _word(step, "logical_id")
        status, reason, seconds = _word(step, "status"), _word(step, "reason"), getattr(step, "seconds", None)
        state = state_of(status)
        self.failed = self.failed or state == _FAILED
        took = f"{seconds:.2f}" if isinstance(seconds, int | float) and state != _RUNNING else ""
        row = [state, phase, shortened(logical_id), _word(step, "type").removeprefix("AWS::"), took, reason]
        self._rows[(phase, logical_id)] = row
        self.last = " ".join(part for part in (phase, logical_id, status.lower().replace("_", " ")) if part)

    def end(self, seconds: float, error: BaseException | None = None) -> None:
        """Close the account: the title line says how it ended and how long it took."""
        if error is not None:
            self.failed = True
        how = "stopped" if isinstance(error, KeyboardInterrupt) else "failed" if self.failed else ""
        self.ended = f"{how} after {seconds:.2f} s" if how else f"done in {seconds:.2f} s"

    @property
    def headline(self) -> str:
        """`Deploying hello-world-dev: done in 0.21 s (9 steps)`, or where it is just now."""
        where = self.ended or (f"{self.last} …" if self.last else "…")
        done = sum(row[0] == _DONE for row in self._rows.values())
        count = f" ({done} of {len(self._rows)} steps)" if self._rows and not self.ended else ""
        return f"{self.title}: {where}{count}" if self.title else f"{where}{count}"

    def table(self) -> Table:
        """The steps as a `Table`; columns nobody filled are left out."""
        heads = ["", "phase", "what", "type", "seconds", "reason"]
        rows = list(self._rows.values())
        kept = [at for at in range(len(heads)) if any(row[at] for row in rows)]
        return Table([[row[at] for at in kept] for row in rows], [heads[at] for at in kept], self.headline)

    def __str__(self) -> str:
        return str(self.table()) if self._shown() else self.headline

    def _shown(self) -> list[list[str]]:
        return [] if self.brief and not self.failed else list(self._rows.values())

    def fitted(self, width: int, height: int = 0) -> list[str]:
        """The lines for a terminal: none is wider, a reason stands under its row, and the newest rows stay in sight.

        Args:
            width: columns of the terminal.
            height: its lines, while it is drawn over; 0 shows every row.
        """
        rows = self._shown()
        hidden = max(len(rows) - max(height - 4, 3), 0) if height else 0
        lines = [_cut(self.headline, width - 1)]
        lines += [f"        … {hidden} before"] if hidden else []
        phases = max([len(row[1]) for row in rows], default=0)
        kinds = max([len(row[3]) for row in rows], default=0)
        room = width - 8 - phases - 2 - 9 - (kinds + 2 if kinds else 0) - 1
        if room < 24 and kinds:  # a narrow terminal names no types
            room, kinds = room + kinds + 2, 0
        names = max(min(room, max([len(row[2]) for row in rows], default=0)), 8)
        for state, phase, name, kind, seconds, reason in rows[hidden:]:
            middle = f"  {_cut(kind, kinds):<{kinds}}" if kinds else ""
            took = f"{seconds} s" if seconds else ""
            lines.append(f"{state:<7} {phase:<{phases}}  {_cut(name, names):<{names}}{middle}{took:>9}".rstrip())
            lines += textwrap.wrap(reason, width - 1, initial_indent=" " * 8, subsequent_indent=" " * 8)
        return lines

    def html(self) -> str:
        if not self._shown():
            return Table([[self.headline]]).html()
        marked = self.table().html()
        for word, colour in ((_DONE, "#0a6b2d"), (_FAILED, "#b00020")):
            marked = marked.replace(f">{word}<", f'><span style="color:{colour}">{word}</span><')
        return marked


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(most - 1, 1)] + "…"


def _word(step: Any, name: str) -> str:
    value = getattr(step, name, "")
    return "" if value is None else inert(str(getattr(value, "value", value)))


class Progress:
    """Draws `Step` events as they come; call it with each one. A context manager.

    In a terminal: a live table on stderr, so that stdout stays clean for pipes. In a notebook: one output, updated in
    place, whose last state is what gets saved. Elsewhere (a pipe, CI): one line a step on stderr.

    Args:
        title: what is being done.
        quiet: draw nothing; the steps are still collected in `.steps`.
        brief: draw one line; all steps when one fails.

    Example:
        with Progress("Deploying hello-world-dev") as progress:
            deploy("demo_lambdas/hello_world", on_step=progress)
    """

    def __init__(self, title: str = "", *, quiet: bool = False, brief: bool = False) -> None:
        self.steps = Steps(title, brief=brief)
        self._screen: _Screen = _Quiet() if quiet else _screen()
        self._began = time.perf_counter()

    def __call__(self, step: Any) -> None:
        """Take one event and draw it."""
        self.steps.add(step)
        self._screen.draw(self.steps)

    def __enter__(self) -> Progress:
        self._began = time.perf_counter()
        self._screen.open(self.steps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.steps.end(time.perf_counter() - self._began, error)
        self._screen.close(self.steps)


class _Screen:
    """Where progress is drawn."""

    def open(self, steps: Steps) -> None:
        """Begin drawing."""

    def draw(self, steps: Steps) -> None:
        """Something changed."""

    def close(self, steps: Steps) -> None:
        """Draw the final state and let go."""


class _Quiet(_Screen):
    """Draws nothing."""


class _Lines(_Screen):
    """A pipe: what is done, one line at a time; what has only begun is for a screen that can be drawn over."""

    def draw(self, steps: Steps) -> None:
        if "in progress" not in steps.last:
            print(steps.last, file=sys.stderr, flush=True)

    def close(self, steps: Steps) -> None:
        print(steps.headline, file=sys.stderr, flush=True)


class _Terminal(_Screen):
    """rich's live display on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(stderr=True), refresh_per_second=12, auto_refresh=True)

    def open(self, steps: Steps) -> None:
        self._live.start()

    def draw(self, steps: Steps) -> None:
        if not self._live.is_started:
            self._live.start()
        self._live.update(self._drawn(steps, self._live.console.height))

    def close(self, steps: Steps) -> None:
        self._live.vertical_overflow = "visible"  # the final state is left whole, however long it is
        self._live.update(self._drawn(steps), refresh=True)
        self._live.stop()

    def _drawn(self, steps: Steps, height: int = 0) -> Any:
        from rich.text import Text

        text = Text("\n".join(steps.fitted(self._live.console.width, height)), overflow="ellipsis", no_wrap=True)
        text.highlight_regex(r"(?m)^done\b", "green")
        text.highlight_regex(r"(?m)^FAILED\b.*", "bold red")
        text.highlight_regex(r"\A.*", "bold")
        return text


class _Notebook(_Screen):
    """One output of the running cell, updated in place."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._drawn = 0.0

    def open(self, steps: Steps) -> None:
        from IPython.display import display

        self._handle = display(steps, display_id=True)

    def draw(self, steps: Steps) -> None:
        now = time.monotonic()
        if self._handle is None:
            self.open(steps)
        elif now - self._drawn >= REDRAW_SECONDS:
            self._handle.update(steps)
        else:
            return
        self._drawn = now

    def close(self, steps: Steps) -> None:
        if self._handle is None:
            self.open(steps)
        else:
            self._handle.update(steps)


def _screen() -> _Screen:
    if in_notebook():
        return _Notebook()
    return _Terminal() if sys.stderr.isatty() else _Lines()
