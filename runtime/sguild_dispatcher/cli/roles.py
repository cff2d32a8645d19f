"""``sguild-dispatcher roles``: give each domain its role in the database."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sguild_dispatcher.cli.common import add_database_options, print_json, print_line, with_connection
from sguild_dispatcher.errors import ConfigurationError

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection

PACKAGE: Final = "sguild_contracts"
_FILE: Final = "roles.sql"


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``roles apply``."""
    parser = subparsers.add_parser("roles", help="give each domain its role in the database")
    commands = parser.add_subparsers(dest="roles_command", required=True, metavar="COMMAND")
    apply = commands.add_parser(
        "apply", help="install the roles and policies of a registry, in place of those that are installed"
    )
    apply.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, help=f"default: {_FILE} of the generated package"
    )
    apply.add_argument(
        "--package", metavar="NAME", default=PACKAGE, help=f"the generated package (default: {PACKAGE})"
    )
    add_database_options(apply)
    apply.set_defaults(run=_apply)


def _apply(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.roles import apply_roles, installed_roles

    text = _packaged(arguments.package) if arguments.file is None else _read(arguments.file)

    async def work(connection: "Connection") -> "tuple[str, list[str]]":
        await apply_roles(connection, text)
        return await installed_roles(connection)

    version, roles = with_connection(arguments, work)
    if arguments.format == "json":
        print_json({"registry_version": version, "roles": roles})
    else:
        print_line(f"The roles of registry {version} are installed: {', '.join(roles) or 'none'}.")
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        raise ConfigurationError(f"{path} cannot be read ({reason}): name the roles.sql to apply.") from None


def _packaged(package: str) -> str:
    from importlib.resources import files

    try:
        return files(package).joinpath(_FILE).read_text(encoding="utf-8")
    except (ImportError, OSError, ValueError):
        raise ConfigurationError(
            f"No package {package} with a {_FILE} is installed: name the file, or another --package."
        ) from None
