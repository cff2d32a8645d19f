"""JSON pointers (RFC 6901): how a key is written as a step of one, and read again."""


def escape_pointer(key: str) -> str:
    """Return a key as a step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape_pointer(step: str) -> str:
    """Return the key that a step of a JSON pointer stands for."""
    return step.replace("~1", "/").replace("~0", "~")
