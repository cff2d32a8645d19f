"""Names of OpenTelemetry's semantic conventions for messaging (1.45), and the values that we give them.

They are written out here because the package that has them marks them as unstable, and changes them.
https://opentelemetry.io/docs/specs/semconv/messaging/
"""

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.45.0"
SCOPE: Final = "sguild_dispatcher"
"""The instrumentation scope, and what ``messaging.system`` is."""

SYSTEM: Final = "messaging.system"
OPERATION_NAME: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
DESTINATION: Final = "messaging.destination.name"
"""The event type; of a batch only if it is the same for all of it."""

GROUP: Final = "messaging.consumer.group.name"
"""The domain that reads."""

SUBSCRIPTION: Final = "messaging.destination.subscription.name"
"""The name of the subscriber within its domain."""

MESSAGE_ID: Final = "messaging.message.id"
CONVERSATION_ID: Final = "messaging.message.conversation_id"
"""The correlation id."""

BATCH_COUNT: Final = "messaging.batch.message_count"
ERROR_TYPE: Final = "error.type"

SENT: Final = "messaging.client.sent.messages"
CONSUMED: Final = "messaging.client.consumed.messages"
OPERATION_DURATION: Final = "messaging.client.operation.duration"
PROCESS_DURATION: Final = "messaging.process.duration"

ATTEMPT: Final = "sguild_dispatcher.delivery.attempt"
PARTITION: Final = "sguild_dispatcher.partition"
LOG: Final = "sguild_dispatcher.log"
RETRIES: Final = "sguild_dispatcher.retries"
DEAD_LETTERS: Final = "sguild_dispatcher.dead_letters"
LAG: Final = "sguild_dispatcher.lag"

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The conventions' bounds for buckets of durations."""

OTHER: Final = "_OTHER"
"""Stands for event types that the registry lacks: anybody may invent some, and each would be a series."""
