"""Enums: a value that only a reader may meet is not one that a producer may publish."""

from right_enums import Produced, Received, Unrecognised, label


def publish() -> Produced:
    return Produced(processor=Unrecognised("wire"))  # error: arg-type, reportArgumentType


def name(received: Received) -> str:
    return label(received.processor)  # error: arg-type, reportArgumentType


def is_known(received: Received) -> bool:  # error: return, reportReturnType
    match received.processor:  # error: reportMatchNotExhaustive
        case "stripe" | "square" | "manual":
            return True
