"""How large contracts may be; every limit is named in the message of the rule that applies it."""

from typing import Final

FILE_BYTES: Final = 1024 * 1024
DEPTH: Final = 64  # of nested arrays and objects in one file
INTEGER: Final = 2**53  # the largest magnitude; JSON readers lose digits beyond it

NAME_LENGTH: Final = 128  # of an event type, contract, domain or entity: file names end at 255 bytes
PROPERTY_LENGTH: Final = 128
VERSION: Final = 9_999
EVENT_TYPES: Final = 10_000

REFERENCE_STEPS: Final = 32  # references that lead to a reference
SCHEMAS: Final = 1_000  # in one file
ENUM_VALUES: Final = 1_000

PATTERN_LENGTH: Final = 1_000
PATTERN_REPEATS: Final = 1_000  # of one repeat; 1,000 characters are the length of the texts that are matched
PATTERN_SIZE: Final = 10_000  # states of the expression, repeats multiplied out

FINDINGS: Final = 100  # in one file: more would tell nobody more
