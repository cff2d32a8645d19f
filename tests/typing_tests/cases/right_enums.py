"""Enums: a name for each, exhaustive matches, and the case of what a contract does not list."""

from sguild_contracts import PaymentFailed, ReceivedPaymentFailed
from sguild_contracts.events.payment_failed import Processor
from sguild_dispatcher.fields import Unrecognised


def label(processor: Processor) -> str:
    match processor:
        case "stripe" | "square":
            return "card"
        case "manual":
            return "by hand"


def label_of_published(payload: PaymentFailed) -> str:
    return label(payload.processor)


def label_of_received(received: ReceivedPaymentFailed) -> str:
    match received.processor:
        case "stripe" | "square":
            return "card"
        case "manual":
            return "by hand"
        case Unrecognised() as other:
            return f"unknown: {other}"


def handle(payload: PaymentFailed) -> str:
    """What is published is also what a handler takes."""
    return label_of_received(payload)
