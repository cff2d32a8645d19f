"""``sguild-dispatcher doctor``: look for what no error tells."""

import argparse
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING

from sguild_dispatcher.cli.common import add_database_options, print_json, print_line, with_connection
from sguild_dispatcher.cli.roles import PACKAGE
from sguild_dispatcher.errors import ConfigurationError

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection
    from sguild_dispatcher.doctor import Finding
    from sguild_dispatcher.registry import Registry


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="look for rights that bypass the roles, and for neglect; exits 1 when there is a problem",
    )
    parser.add_argument(
        "--package",
        metavar="NAME",
        help=f"the generated package whose policies are to be installed (default: {PACKAGE}, if it is there)",
    )
    add_database_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.doctor import diagnose

    registry = _registry(arguments.package)

    async def work(connection: "Connection") -> "list[Finding]":
        return await diagnose(connection, registry)

    findings = with_connection(arguments, work)
    problems = sum(each.level == "problem" for each in findings)
    if arguments.format == "json":
        print_json({"problems": problems, "findings": [asdict(each) for each in findings]})
    else:
        for each in findings:
            print_line(f"{each.level}: {each.message}")
        print_line(f"{problems} problems." if problems != 1 else "1 problem.")
    return 1 if problems else 0


def _registry(package: str | None) -> "Registry | None":
    """Return the registry of a generated package; one that nobody named may be absent."""
    try:
        registry: Registry = import_module(f"{package or PACKAGE}.registry").registry
    except (ImportError, AttributeError, ValueError):
        if package is None:
            return None
        raise ConfigurationError(
            f"No package {package} with a registry is installed: name another."
        ) from None
    return registry
