"""Enums: a value that only a reader may meet is not one that a producer may publish."""

from right_enums import label

from sguild_contracts import PaymentFailed, ReceivedPaymentFailed, RevenuePublisher
from sguild_contracts.testing import make_payment_failed
from sguild_dispatcher.fields import Unrecognised
from sguild_dispatcher.publisher import AsyncConnection


def changed() -> PaymentFailed:
    return make_payment_failed(processor=Unrecognised("wire"))  # error: arg-type, reportArgumentType


async def publish(
    publisher: RevenuePublisher, connection: AsyncConnection, received: ReceivedPaymentFailed
) -> None:
    await publisher.payment_failed(connection, received)  # error: arg-type, reportArgumentType


def name(received: ReceivedPaymentFailed) -> str:
    return label(received.processor)  # error: arg-type, reportArgumentType


def is_known(received: ReceivedPaymentFailed) -> bool:  # error: return, reportReturnType
    match received.processor:  # error: reportMatchNotExhaustive
        case "stripe" | "square" | "manual":
            return True
