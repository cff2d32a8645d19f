"""How the story is told: chapters, lines that a person can follow, and a table at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TextIO

_ACTOR_WIDTH: Final = 9
_VERB_WIDTH: Final = 9


@dataclass(slots=True)
class Teller:
    """Prints the story; event types are never cut, however narrow the terminal."""

    stream: TextIO
    _chapter: int = field(default=0)

    def title(self, text: str) -> None:
        """Print the first line."""
        self._print(text)

    def chapter(self, text: str) -> None:
        """Begin the next part of the story."""
        self._chapter += 1
        self._print(f"\n{self._chapter}. {text}")

    def says(self, text: str) -> None:
        """Print one sentence."""
        self._print(f"   {text}")

    def event(self, actor: str, verb: str, event_type: str, note: str = "") -> None:
        """Print one event that somebody publishes, receives or refuses."""
        line = f"   {actor:<{_ACTOR_WIDTH}} {verb:<{_VERB_WIDTH}} {event_type}"
        self._print(f"{line}: {note}" if note else line)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table whose columns are as wide as their widest cell; numbers stand to the right."""
        widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
        rule = ["-" * width for width in widths]
        for row in (head, rule, *rows):
            cells = (
                cell.rjust(width) if cell.isdecimal() else cell.ljust(width)
                for cell, width in zip(row, widths, strict=True)
            )
            self._print(f"   {'  '.join(cells)}".rstrip())

    def _print(self, text: str) -> None:
        print(text, file=self.stream, flush=True)
