"""Exceptions, as spans and metrics name them."""


def error_type(error: BaseException) -> str:
    """Return the full name of an exception's class; its message may quote a payload and is told to nobody."""
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"
