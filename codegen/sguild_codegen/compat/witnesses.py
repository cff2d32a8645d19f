"""Making a witness small: what the proof does not need is taken out, as long as it still proves."""

from collections.abc import Callable, Iterator

from sguild_codegen.compat.resolving import Json, is_array, is_object

Proves = Callable[[Json], bool]


def smallest(document: Json, proves: Proves) -> Json:
    """Return a document near ``document`` that still proves, and of which no single part can be left out."""
    changed = True
    while changed:
        changed = False
        for smaller in _smaller(document):
            if proves(smaller):
                document, changed = smaller, True
                break
    return document


def _smaller(document: Json) -> Iterator[Json]:
    """Yield documents with one part less, or with one part smaller."""
    if is_object(document):
        for name in document:
            yield {other: value for other, value in document.items() if other != name}
        for name, value in document.items():
            yield from ({**document, name: each} for each in _smaller(value))
    elif is_array(document):
        for index in range(len(document)):
            yield [*document[:index], *document[index + 1 :]]
        for index, value in enumerate(document):
            yield from ([*document[:index], each, *document[index + 1 :]] for each in _smaller(value))
