"""Puts together what delivers one partition."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sguild_dispatcher.clock import Clock
from sguild_dispatcher.delivery.blame import Blame
from sguild_dispatcher.delivery.care import Caution
from sguild_dispatcher.delivery.deliverer import Claim, Deliverer
from sguild_dispatcher.delivery.guarded import GuardedBatches
from sguild_dispatcher.delivery.partition import PartitionLoop
from sguild_dispatcher.delivery.progress import BatchRules, Tally
from sguild_dispatcher.delivery.retrying import Retries
from sguild_dispatcher.delivery.timing import HandlerTimes
from sguild_dispatcher.delivery.transactional import TransactionalBatches
from sguild_dispatcher.handlers import Handlers
from sguild_dispatcher.reading import Reader
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.telemetry import Consuming
from sguild_dispatcher.transport.sources import OneSession, Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """What all partitions of a subscriber have in common.

    Attributes:
        subscriber: the full name.
        registry: what is known of event types.
        handlers: what to call.
        reader: turns rows into events.
        policy: when a failed delivery is tried again.
        clock: the moment.
        batch_size: events a batch at most.
        handler_timeout: seconds after which a handler has failed that has no timeout of its own.
        hold_back: whether later events of a failed key wait for it.
        telemetry: who is told of it.
        tally: what was committed so far.
    """

    subscriber: str
    registry: Registry
    handlers: Handlers
    reader: Reader
    policy: RetryPolicy
    clock: Clock
    batch_size: int
    handler_timeout: float
    hold_back: bool
    telemetry: Consuming
    tally: Tally = field(default_factory=Tally)

    def loop(
        self,
        sessions: Sessions,
        *,
        partition: int,
        caution: Caution,
        times: HandlerTimes,
        poll_interval: float,
        stopping: Callable[[], bool],
    ) -> PartitionLoop:
        """Return the loop of one partition on its sessions."""
        rules = BatchRules(
            subscriber=self.subscriber,
            partition=partition,
            size=self.batch_size,
            policy=self.policy,
            clock=self.clock,
            hold_back=self.hold_back,
            stopping=stopping,
            telemetry=self.telemetry,
        )
        caution.new_session()
        log, home = (
            (sessions.session, sessions.session)
            if isinstance(sessions, OneSession)
            else (sessions.log, sessions.home)
        )
        deliverer = self._deliverer(caution.blame, times, home.claim_on)
        batches = (
            TransactionalBatches(sessions.session, deliverer, rules=rules, caution=caution, tally=self.tally)
            if isinstance(sessions, OneSession) and not self.handlers.has_leased
            else GuardedBatches(log, home, deliverer, rules=rules, caution=caution, tally=self.tally)
        )
        retries = Retries(
            home,
            deliverer,
            rules=rules,
            caution=caution,
            tally=self.tally,
            inbox=isinstance(batches, GuardedBatches),
        )
        return PartitionLoop(
            batches,
            retries,
            refresh=self.reader.refresh,
            poll_interval=poll_interval,
            stopping=stopping,
        )

    def _deliverer(self, blame: Blame, times: HandlerTimes, claim: Claim) -> Deliverer:
        return Deliverer(
            subscriber=self.subscriber,
            registry=self.registry,
            reader=self.reader,
            handlers=self.handlers,
            blame=blame,
            times=times,
            timeout=self.handler_timeout,
            claim=claim,
            telemetry=self.telemetry,
        )
