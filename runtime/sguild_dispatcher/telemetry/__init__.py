"""What is told about publishing and delivering: spans and metrics of OpenTelemetry, metrics of Prometheus.

The publisher and the deliveries call :class:`Publishing` and :class:`Consuming` and know of no library. Those
use what the service itself has loaded: a service that traces has imported ``opentelemetry`` and configured a
provider, one that counts has imported ``prometheus_client`` or lets its worker serve ``/metrics``. Nothing is
imported on its behalf, and where nobody listens next to nothing is done.
"""

from sguild_dispatcher.telemetry.consuming import Consuming
from sguild_dispatcher.telemetry.observer import Observer, Settled
from sguild_dispatcher.telemetry.publishing import Publishing

__all__ = ["Consuming", "Observer", "Publishing", "Settled"]
