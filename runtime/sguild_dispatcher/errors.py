"""Every error that the runtime raises.

::

    DispatcherError
    ├── InterfaceMismatchError (ImportError)    generated code for another runtime interface
    ├── ConfigurationError (ValueError)         settings, keys, subscriptions: the service cannot start
    │   ├── SettingsError                       SGUILD_DISPATCHER_* values, all of them at once
    │   ├── KeyringError                        a keyring or key that is not well formed
    │   ├── MissingKeyError                     no key to sign or verify with
    │   ├── NotMigratedError                    the database lacks the schema, or has another version of it
    │   ├── DatabaseUnavailableError            the database cannot be reached
    │   ├── MissingRightsError                  the database role lacks the rights of its domain
    │   ├── HiddenEventsError                   installed policies hide what the worker subscribes to
    │   ├── UnknownSubscriptionError            the subscriber was never registered, or is retired
    │   ├── DuplicateHandlerError               two handlers for one event type
    │   ├── MissingAdapterError                 a handler's version needs a function from another live one
    │   ├── DeadLetterFilterError               a filter that no dead letter can agree with
    │   ├── UnknownAuditEntryError              there is no entry of the audit of that id
    │   ├── UnknownDeadLetterError              there is no dead letter of that id
    │   ├── CursorPlaceError                    a cursor cannot be set to the given place
    │   ├── PartitionsError                     the partitions of a subscription cannot be changed now
    │   └── ClusterChangedError                 the database was restored into another cluster
    ├── PublishError (ValueError)               refused before a row was written
    │   ├── UnregisteredEventTypeError          the registry has no such event type
    │   ├── UnknownVersionError                 the event type has no such version
    │   ├── ForeignEventError                   another domain produces this event type
    │   ├── EmissionWindowError                 the version, or the domain, may not be emitted now
    │   ├── InvalidEventError                   payload or envelope is not what its schema accepts
    │   ├── NulCharacterError                   U+0000 in a string: PostgreSQL cannot store it
    │   ├── BodyTooLargeError                   the body is over the size limit
    │   ├── MissingContextError                 no tenant: neither request_context nor configuration names one
    │   ├── NotInTransactionError               the connection has no open transaction to join
    │   └── UnsupportedConnectionError          not a connection of a supported driver
    ├── SignatureError (ValueError)             a signature that does not verify
    ├── InvalidIdError (ValueError)             text that is not an id of the wanted kind
    ├── NotAdaptedError                         a payload of another version that is none of the handler's
    ├── NoTransactionError (RuntimeError)       a handler asked for what its mode does not have
    └── TransactionControlError (RuntimeError)  a handler committed or rolled back the worker's transaction

A message names the value, the rule and the way out. Secrets and payloads are never part of one.
"""


class DispatcherError(Exception):
    """The base of every error in this module."""


class InterfaceMismatchError(DispatcherError, ImportError):
    """A generated package was made for another interface of the runtime."""

    def __init__(self, *, package: str, wanted: int, present: int) -> None:
        super().__init__(
            f"{package} was generated for interface {wanted} of sguild-dispatcher, "
            f"and interface {present} is installed: install matching versions of the two."
        )


class ConfigurationError(DispatcherError, ValueError):
    """The service cannot start as it is configured."""


class SettingsError(ConfigurationError):
    """Settings that are missing, wrong or unknown; the message lists all of them."""


class KeyringError(ConfigurationError):
    """A keyring file, or a key, is not well formed; secrets are not shown."""


class MissingKeyError(ConfigurationError):
    """There is no key to sign or to verify with."""


class NotMigratedError(ConfigurationError):
    """The database lacks the dispatcher's schema, or has a version of it that this runtime cannot use."""


class DatabaseUnavailableError(ConfigurationError):
    """The database cannot be reached."""


class MissingRightsError(ConfigurationError):
    """The role of the connection may not do what the runtime needs to do."""


class HiddenEventsError(ConfigurationError):
    """The installed policies are those of another registry, and hide events from the subscriber."""


class UnknownSubscriptionError(ConfigurationError):
    """The subscriber was never registered, or is retired."""


class DuplicateHandlerError(ConfigurationError):
    """A second handler was given for one event type."""


class DeadLetterFilterError(ConfigurationError):
    """A filter has a value that no dead letter can have."""


class UnknownDeadLetterError(ConfigurationError):
    """There is no dead letter with the given id."""


class UnknownAuditEntryError(ConfigurationError):
    """There is no entry of the audit with the given id."""


class CursorPlaceError(ConfigurationError):
    """A cursor cannot be set to the given place, at least not now."""


class PartitionsError(ConfigurationError):
    """The number of partitions of a subscription cannot be changed, at least not now."""


class ClusterChangedError(ConfigurationError):
    """The database was restored into another cluster, where the cursors' transaction ids mean nothing."""


class PublishError(DispatcherError, ValueError):
    """The event was refused, and no row was written."""


class UnregisteredEventTypeError(PublishError):
    """The registry has no such event type."""


class UnknownVersionError(PublishError):
    """The event type has no such version, or it is withdrawn."""


class ForeignEventError(PublishError):
    """Another domain is the producer of this event type."""


class EmissionWindowError(PublishError):
    """The version, or the producer, may not be emitted at this moment."""


class InvalidEventError(PublishError):
    """The payload or the envelope is not what its schema accepts."""


class NulCharacterError(PublishError):
    """A string holds U+0000, which PostgreSQL cannot store."""


class BodyTooLargeError(PublishError):
    """The event's body is over the size limit."""


class MissingContextError(PublishError):
    """No tenant is known: neither ``request_context`` nor the configuration names one."""


class NotInTransactionError(PublishError):
    """The connection has no open transaction that the event could join."""


class UnsupportedConnectionError(PublishError, TypeError):
    """The object is not a connection of a supported driver."""


class SignatureError(DispatcherError, ValueError):
    """A signature is malformed, of an unusable key, or does not match the body."""


class InvalidIdError(DispatcherError, ValueError):
    """The text is not an id of the wanted kind."""


class NotAdaptedError(DispatcherError):
    """A payload of another version could not be made one of the handler's.

    Attributes:
        unknown: whether the package does not know the version that was emitted, so that a newer one may.
    """

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown


class MissingAdapterError(ConfigurationError):
    """A handler's version cannot be made of another live version without a function of a person."""


class NoTransactionError(DispatcherError, RuntimeError):
    """A handler asked for what its mode does not have."""


class TransactionControlError(DispatcherError, RuntimeError):
    """A handler committed or rolled back the transaction that belongs to the worker."""
