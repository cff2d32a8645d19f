"""``sguild-dispatcher status``: how far each subscriber is, what failed, and how large the log is."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sguild_dispatcher.cli.common import (
    add_database_options,
    plain_record,
    print_json,
    print_line,
    print_table,
    with_connection,
)
from sguild_dispatcher.cli.subscribers import print_subscriptions, record, shown_count

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection
    from sguild_dispatcher.status import LogStatus, PartitionStatus, Status, SubscriptionStatus

_PARTITIONS = ("SUBSCRIBER", "PARTITION", "WAITING", "LAG S", "MOVED", "OWNER")
_HANDLERS = ("SUBSCRIBER", "SLOWEST HANDLER", "SLOWEST S", "AVERAGE S", "CALLS", "IN THE HOUR FROM")


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "status",
        help="show each subscriber's place, what failed, and the log; exits 1 when somebody has to look",
    )
    parser.add_argument("--exact", action="store_true", help="count all that waits, which may take long")
    add_database_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    async def work(connection: "Connection") -> "Status":
        from sguild_dispatcher.status import load_status

        return await load_status(connection, exact=arguments.exact)

    status = with_connection(arguments, work)
    complaints = [each for subscriber in status.subscribers for each in _complaints(subscriber)]
    if arguments.format == "json":
        log = plain_record(status.log)
        subscribers = [record(each) for each in status.subscribers]
        print_json({"schema_version": status.schema_version, "subscribers": subscribers, "log": log})
    else:
        _print(status)
        for complaint in complaints:
            print_line(complaint)
    return 1 if complaints else 0


def _print(status: "Status") -> None:
    print_line(f"The schema has version {status.schema_version}.")
    print_subscriptions(status.subscribers)
    partitions = [
        (subscriber.subscriber, *_partition(each))
        for subscriber in status.subscribers
        for each in subscriber.partitions
    ]
    if partitions:
        print_line("")
        print_table(_PARTITIONS, partitions)
    handlers = [row for each in status.subscribers for row in _slowest(each)]
    if handlers:
        print_line("")
        print_table(_HANDLERS, handlers)
    print_line("")
    print_line(_log(status.log))


def _partition(each: "PartitionStatus") -> tuple[object, ...]:
    owner = each.owner if each.owner is None or each.owner_alive else f"{each.owner} (dead)"
    waiting = shown_count(each.waiting, is_exact=each.waiting_is_exact)
    return (each.partition, waiting, f"{each.lag_seconds:.1f}", each.moved_at, owner)


def _slowest(status: "SubscriptionStatus") -> Iterator[tuple[object, ...]]:
    if status.slowest is not None:
        found = status.slowest
        seconds = (f"{found.slowest_seconds:.3f}", f"{found.average_seconds:.3f}")
        yield (status.subscriber, found.event_type, *seconds, found.calls, found.hour)


def _log(log: "LogStatus") -> str:
    sentence = f"The log has at most {log.rows_at_most} events in {log.bytes} bytes"
    if log.oldest_day is not None:
        sentence += f", the oldest of {log.oldest_day.isoformat()}"
    if log.blocked_by:
        cursors = ", ".join(f"{each.subscriber} partition {each.partition}" for each in log.blocked_by)
        sentence += f", which {cursors} still needs"
    return f"{sentence}."


def _complaints(each: "SubscriptionStatus") -> Iterator[str]:
    """Say what somebody has to look at."""
    if each.retired_at is not None:
        return
    if not each.same_cluster:
        yield f"{each.subscriber} has a cursor of another cluster: run `sguild-dispatcher migrate`."
    if each.dead:
        command = f"sguild-dispatcher dead-letters list --subscriber {each.subscriber}"
        yield f"{each.subscriber} has dead letters: see `{command}`."
    if each.partitions_wanted is not None:
        command = f"sguild-dispatcher subscribers partitions {each.subscriber}"
        yield (
            f"{each.subscriber} gets nothing new while it is changed to {each.partitions_wanted} partitions: "
            f"if nobody does that now, run `{command} {each.partitions_wanted}`, or `{command} --cancel`."
        )
