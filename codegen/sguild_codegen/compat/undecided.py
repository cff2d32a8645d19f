"""Why a comparison stays open."""


class Undecided(Exception):  # noqa: N818 - not a fault: the third verdict
    """The prover does not handle something, or has no time left; the text says what."""
