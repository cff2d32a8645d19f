"""Connections of Django: how to come to the driver's connection of their transaction."""

from typing import Any


def of_connection(connection: Any) -> Any:
    """Return the driver's connection of ``django.db.connection`` or of one of ``django.db.connections``.

    Raises:
        TransactionManagementError: Django's own, in a block that can only be rolled back any more.
    """
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    return connection.connection
