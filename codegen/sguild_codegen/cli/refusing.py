"""From what the emitter refuses to findings with a place."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def refusals_located(folder: Path, documents: Mapping[str, bytes]) -> Generator[None]:
    """Turn refusals of the emitter into findings in the documents below a folder.

    Raises:
        ContractError: something that was read cannot be generated.
    """
    from sguild_codegen.emit.refusals import RefusedSchema
    from sguild_codegen.errors import ContractError
    from sguild_codegen.reader.locating import findings_of
    from sguild_codegen.reader.problems import Problem

    try:
        yield
    except RefusedSchema as error:
        problems = [
            Problem(
                each.rule,
                each.location.document,
                f"{each.location.pointer}/{each.key}",
                at_key=True,
                values=each.values,
            )
            for each in error.refusals
        ]
        raise ContractError(findings_of(problems, folder, documents)) from error
