"""JSON documents for a JSON Schema (2020-12): valid ones, and ones that miss it in one place.

A schema is satisfied constructively: what applies to a value is merged, one way of each condition is
chosen, and a value is drawn for what comes out. jsonschema-rs is the judge of every document. Choices come
from a source: a seed, or Hypothesis (:mod:`sguild_dispatcher.testing.strategies`).
"""

from sguild_dispatcher.testing.documents.events import Frame
from sguild_dispatcher.testing.documents.maker import Complaint, DocumentMaker, UnsatisfiableSchemaError
from sguild_dispatcher.testing.documents.sources import SeededSource, Source

__all__ = ["Complaint", "DocumentMaker", "Frame", "SeededSource", "Source", "UnsatisfiableSchemaError"]
