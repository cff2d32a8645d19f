"""Making a witness small: what the proof does not need is taken out, as long as it still proves."""

from collections.abc import Callable, Iterator

from sguild_codegen.compat.resolving import Json, is_array, is_object

Proves = Callable[[Json], bool]


def smallest(document: Json, proves: Proves) -> Json:
    """Return a document near ``document`` that still proves, and of which no single part can be left out."""
    while (smaller := _shrunk(document, proves)) is not document:
        document = smaller
    return document


def _shrunk(value: Json, proves: Proves) -> Json:
    """Return the value after one look at each of its parts; the same object if none could be made smaller."""
    if is_object(value):
        return _smaller_object(value, proves)
    if is_array(value):
        return _smaller_array(value, proves)
    return next((each for each in _simpler(value) if proves(each)), value)


def _smaller_object(value: dict[str, Json], proves: Proves) -> Json:
    for name in tuple(value):
        without = {other: each for other, each in value.items() if other != name}
        value = without if proves(without) else value
    for name in value:

        def still_proves(part: Json, value: dict[str, Json] = value, name: str = name) -> bool:
            return proves({**value, name: part})

        part = _shrunk(value[name], still_proves)
        value = value if part is value[name] else {**value, name: part}
    return value


def _smaller_array(value: list[Json], proves: Proves) -> Json:
    for index in reversed(range(len(value))):
        without = [*value[:index], *value[index + 1 :]]
        value = without if proves(without) else value
    for index in range(len(value)):

        def still_proves(part: Json, value: list[Json] = value, index: int = index) -> bool:
            return proves([*value[:index], part, *value[index + 1 :]])

        part = _shrunk(value[index], still_proves)
        value = value if part is value[index] else [*value[:index], part, *value[index + 1 :]]
    return value


def _simpler(value: Json) -> Iterator[Json]:
    """Yield texts and numbers that are easier to read than a value."""
    if isinstance(value, str):
        yield from (each for each in ("", "a", value[: len(value) // 2]) if len(each) < len(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (each for each in (0, 1, -1, int(value)) if abs(each) < abs(value))
