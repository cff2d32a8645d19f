"""``sguild-codegen model``: one schema in, one module out, on stdout."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sguild_codegen.cli.output import Color, Format, Output, reported


def model(
    schema: Annotated[str, typer.Argument(metavar="SCHEMA.json", help="File with a JSON Schema (2020-12).")],
    class_name: Annotated[str, typer.Option(metavar="NAME", help="Name of the model.")] = "Model",
    assert_formats: Annotated[
        bool, typer.Option(help="Whether format constrains, or is an annotation.")
    ] = True,
    format_: Annotated[Format, typer.Option("--format", help="How findings are printed.")] = Format.TEXT,
    color: Annotated[Color, typer.Option(help="When text is colored; auto obeys NO_COLOR.")] = Color.AUTO,
) -> None:
    """Print a module with a model of one schema, which need not be a contract."""
    with reported(Output(format_, color)):
        from sguild_codegen.cli.refusing import refusals_located
        from sguild_codegen.emit.single import emit_single
        from sguild_codegen.reader.single import read_single_file

        path = Path(schema)
        read = read_single_file(path)
        with refusals_located(path.parent, {path.name: path.read_bytes()}):
            source = emit_single(read, class_name, formats=assert_formats)
        sys.stdout.write(source)
