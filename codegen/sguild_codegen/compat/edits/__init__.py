"""Structural edits between two schemas, as rules with pointers into both; one family a file."""

from sguild_codegen.compat.edits.pair import Edit, same
from sguild_codegen.compat.edits.walk import edits

__all__ = ["Edit", "edits", "same"]
