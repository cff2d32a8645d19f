"""A PostgreSQL server for a shell: ``python -m sguild_dispatcher.testing start``, and ``stop``.

``start`` prints the DSN of a server that goes on running; ``stop`` ends it and deletes its data.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sguild_dispatcher.testing.postgres import dsn_of, embedded_server

_FOLDER: Final = "sguild-dispatcher-{name}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sguild_dispatcher.testing", description=__doc__)
    parser.add_argument("command", choices=["start", "stop"])
    parser.add_argument("--name", default="server", help="which server, where there is more than one")
    arguments = parser.parse_args(argv)
    if not arguments.name.isidentifier():
        parser.error(f"{arguments.name!r} is no name of a server: use letters, digits and underscores.")
    folder = Path(tempfile.gettempdir()) / _FOLDER.format(name=arguments.name)
    return _start(folder) if arguments.command == "start" else _stop(folder)


def _start(folder: Path) -> int:
    folder.mkdir(exist_ok=True)
    sys.stdout.write(f"{dsn_of(embedded_server(folder / 'data', cleanup=None))}\n")
    return 0


def _stop(folder: Path) -> int:
    if folder.exists():
        embedded_server(folder / "data", cleanup="delete").cleanup()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
