"""Enums: a name for each, exhaustive matches, and room for a reader that meets a value it does not know."""

from sguild_contracts.events.payment_failed import Processor
from sguild_dispatcher import Payload


class Unrecognised(str):
    """A value that the reader's contract does not list."""

    __slots__ = ()


class Received(Payload, frozen=True):
    """What a tolerant reader sees: the enum of the contract, and what it does not know."""

    processor: Processor | Unrecognised


class Produced(Received, frozen=True):
    """What a producer publishes: the enum of the contract, as ever."""

    processor: Processor


def label(processor: Processor) -> str:
    match processor:
        case "stripe" | "square":
            return "card"
        case "manual":
            return "by hand"


def label_of_received(received: Received) -> str:
    match received.processor:
        case "stripe" | "square":
            return "card"
        case "manual":
            return "by hand"
        case Unrecognised() as other:
            return f"unknown: {other}"


def publish(payload: Produced) -> str:
    return label(payload.processor) + label_of_received(payload)
