"""The Jinja environment: strict, without autoescape, fed with typed values and identifiers only."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE: Final = Path(__file__).parents[1]


def templates_folder() -> Path:
    """Return the folder of the templates: inside the installed package, else at the top of a checkout.

    ``jinja2.PackageLoader`` finds neither in an editable install, hence this look-up.
    """
    installed = _PACKAGE / "templates"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "templates"


@cache
def environment() -> "Environment":
    """Return the one environment that renders every template."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from sguild_codegen.emit.literals import docstring, literal, sql_name, sql_text

    made = Environment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Python source is written, and every value goes through a filter
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["literal"] = literal
    made.filters["docstring"] = docstring
    made.filters["sql_name"] = sql_name
    made.filters["sql_text"] = sql_text
    return made


def render(template: str, **values: object) -> str:
    """Render one template; an undefined name is an error."""
    return environment().get_template(template).render(**values)
