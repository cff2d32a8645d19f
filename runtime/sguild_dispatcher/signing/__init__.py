"""Signatures over the exact stored body, by keys that belong to one domain each.

A signature is ``hmac-sha256:`` and 64, or ``ed25519:`` and 128 lower-case hexadecimal digits, over the
body's bytes. The key's id stands beside it, and the key says which algorithm it is for. There is no
timestamp: an event may wait for days, and the cursor guards against replay.
"""

from sguild_dispatcher.signing.algorithms import Algorithm
from sguild_dispatcher.signing.following import FollowedKeyring
from sguild_dispatcher.signing.keyring import Keyring
from sguild_dispatcher.signing.keys import Key, KeyState

__all__ = ["Algorithm", "FollowedKeyring", "Key", "KeyState", "Keyring"]
