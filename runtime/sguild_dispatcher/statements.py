"""SQL statements by name: ``statement("insert_event")`` is the text of ``sql/insert_event.sql``.

Every name in them is schema-qualified, so a caller's ``search_path`` changes nothing.
Parameters are numbered (``$1``), as PostgreSQL itself writes them.
"""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Return a statement's text.

    Raises:
        FileNotFoundError: there is no ``sql/<name>.sql``, which is a mistake in this package.
    """
    return files("sguild_dispatcher").joinpath(f"sql/{name}.sql").read_text(encoding="utf-8")
