"""Every rule as data: a stable id, a name, the message and the way out.

``{names}`` in the texts are filled in by the check that applies the rule. An id is never used again for
another rule. Rules that are marked ``unreadable`` mean that there was nothing to judge: exit code 2, not 1.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["error", "warning", "notice"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; ``message`` and ``help`` are templates for :meth:`str.format`.

    ``why`` is what ``explain`` says about the reason, in a paragraph; a notice never changes the exit code.
    """

    id: str
    name: str
    message: str
    help: str
    level: Level = "error"
    unreadable: bool = False
    why: str = ""


# Files and JSON text.

MISSING_REGISTRY: Final = Rule(
    "SG001",
    "missing-registry",
    "there is no {name} here",
    "Name the folder that holds it with --contracts, or create it.",
    unreadable=True,
)
UNREADABLE_FILE: Final = Rule(
    "SG002",
    "unreadable-file",
    "the file cannot be read: {reason}",
    "Make it a regular file that this user may read.",
    unreadable=True,
)
NOT_UTF8: Final = Rule(
    "SG003",
    "not-utf-8",
    "byte {offset} of the file is not UTF-8",
    "Save the file as UTF-8.",
    unreadable=True,
)
BYTE_ORDER_MARK: Final = Rule(
    "SG004",
    "byte-order-mark",
    "the file starts with a byte order mark",
    "Save the file as UTF-8 without a byte order mark.",
    unreadable=True,
)
FILE_TOO_LARGE: Final = Rule(
    "SG005",
    "file-too-large",
    "the file has {size} bytes; the limit is {limit}",
    "Shorten its texts, or split the contract.",
    unreadable=True,
)
INVALID_JSON: Final = Rule(
    "SG006",
    "invalid-json",
    "this is not JSON: {reason}",
    "Write one JSON value (RFC 8259): no comments, no trailing commas, nothing after it.",
    unreadable=True,
)
TOO_DEEP: Final = Rule(
    "SG007",
    "too-deep",
    "the nesting is deeper than {limit} levels",
    "Move inner schemas to $defs and refer to them.",
    unreadable=True,
)
DUPLICATE_KEY: Final = Rule(
    "SG008",
    "duplicate-key",
    "the key {key} was there before, in line {line}",
    "Keep one of the two: readers disagree on which counts.",
    unreadable=True,
)
NOT_FINITE: Final = Rule(
    "SG009",
    "not-finite",
    "{value} is not a finite number",
    "Write a number that a double can hold.",
    unreadable=True,
)
INTEGER_RANGE: Final = Rule(
    "SG010",
    "integer-range",
    "{value} is outside of ±2^53",
    "Use a smaller number: JSON readers lose digits beyond 9007199254740992.",
    unreadable=True,
)
LONE_SURROGATE: Final = Rule(
    "SG011",
    "lone-surrogate",
    "{value} is half of a surrogate pair, so no text",
    "Write the whole character.",
    unreadable=True,
)
SYMBOLIC_LINK: Final = Rule(
    "SG012",
    "symbolic-link",
    "this is a symbolic link",
    "Put the file itself in its place: contracts are read from inside their folder only.",
    unreadable=True,
)
MISSING_FOLDER: Final = Rule(
    "SG013",
    "missing-folder",
    "there is no such folder",
    "Name the contracts folder with --contracts.",
    unreadable=True,
)

# The registry.

WRONG_TYPE: Final = Rule(
    "SG020", "wrong-type", "{what} has to be {expected}, not {value}", "Change it to {expected}."
)
UNKNOWN_KEY: Final = Rule(
    "SG021", "unknown-key", "{key} is no key of {what}", "{suggestion}The keys are: {known}."
)
MISSING_KEY: Final = Rule("SG022", "missing-key", "{what} lacks the key {key}", "Add {key}: {meaning}.")
INVALID_NAME: Final = Rule("SG023", "invalid-name", "{value} is no name of {what}: {reason}", "{form}")
DUPLICATE_NAME: Final = Rule(
    "SG024",
    "duplicate-name",
    "{what} {value} is listed more than once",
    "Keep one of the entries, or rename the other.",
)
NAME_COLLISION: Final = Rule(
    "SG025",
    "name-collision",
    "{what} {value} and {other} get the same name in code",
    "Rename one so that they differ in more than case, dots and underscores.",
)
UNKNOWN_DOMAIN: Final = Rule(
    "SG026",
    "unknown-domain",
    "{what} {value} is not among the domains",
    "{suggestion}Or list it under domains.",
)
VERSION_NUMBER: Final = Rule(
    "SG027",
    "version-number",
    "{value} is no version",
    "Write an integer from 1 to {limit}, each only once in an event type.",
)
UNKNOWN_STATUS: Final = Rule(
    "SG028", "unknown-status", "{value} is no status of {what}", "{suggestion}Write one of: {known}."
)
ONE_CURRENT_VERSION: Final = Rule(
    "SG029",
    "one-current-version",
    "{value} has {count} versions with the status current",
    "Give exactly one version the status current; older ones are superseded or withdrawn.",
)
INVALID_WINDOW: Final = Rule("SG030", "invalid-window", "{reason}", "{way_out}")
PATH_OUTSIDE: Final = Rule(
    "SG031",
    "path-outside",
    "{value} does not name a file inside the contracts folder",
    'Write a relative path with "/", without "..", that ends in .json.',
)
MISSING_SCHEMA: Final = Rule(
    "SG032",
    "missing-schema",
    "{what} has no schema file {path}",
    "Add the file, or {way_out}.",
)
ORPHAN_SCHEMA: Final = Rule(
    "SG033",
    "orphan-schema",
    "no entry of the registry leads to this file",
    "Register its event type and version (a withdrawn one has no file), or delete the file.",
)
UNKNOWN_PROPERTY: Final = Rule(
    "SG034",
    "unknown-property",
    "{what} {value} is no property of {event_type} version {version}; it is left out",
    "{suggestion}Name a property of every version that is not withdrawn (a closed enum: of one of them), or "
    "drop the key.",
    level="warning",
)
REGISTRY_VERSION: Final = Rule(
    "SG035",
    "registry-version",
    "{value} is no version of a registry",
    "Write MAJOR.MINOR.PATCH, such as 2.0.0: it becomes the version of the generated distribution.",
)
TOO_MANY: Final = Rule("SG036", "too-many", "{count} {what}; the limit is {limit}", "Split the contracts.")
MORE_FINDINGS: Final = Rule(
    "SG037",
    "more-findings",
    "{count} more findings in this file are not shown",
    "Mend the ones that are shown first.",
)

# Schemas.

UNKNOWN_KEYWORD: Final = Rule(
    "SG040",
    "unknown-keyword",
    "{key} is no keyword of JSON Schema 2020-12",
    "{suggestion}Anything else is refused: a keyword with a typo would constrain nothing.",
)
UNSUPPORTED_KEYWORD: Final = Rule(
    "SG041", "unsupported-keyword", "{key} is not supported: {reason}", "Say the same with other keywords."
)
KEYWORD_VALUE: Final = Rule(
    "SG042",
    "keyword-value",
    "{key} has to be {expected}, not {value}",
    "{suggestion}Change it to {expected}.",
)
UNKNOWN_DIALECT: Final = Rule(
    "SG043",
    "unknown-dialect",
    "$schema has to be {expected}, not {value}",
    'Write "$schema": {expected} at the root of the file, and only there.',
)
ID_MISMATCH: Final = Rule(
    "SG044", "id-mismatch", "$id has to be {expected}, not {value}", 'Write "$id": {expected}.'
)
ROOT_NOT_OBJECT: Final = Rule(
    "SG045",
    "root-not-object",
    "a {what} has to be a schema of an object",
    'Write {{"type": "object", …}} at the root of the file.',
)
PROPERTY_NAME: Final = Rule(
    "SG046",
    "property-name",
    "{value} cannot be the name of {what}: {reason}",
    "Use 1 to {limit} ASCII letters, digits and the characters _ - . : / @ $.",
)
UNSAFE_TEXT: Final = Rule(
    "SG047",
    "unsafe-text",
    "{key} holds {character}, which does not show",
    "Remove it; line breaks and tabs may stand in description and $comment.",
)
UNKNOWN_REQUIRED: Final = Rule(
    "SG048",
    "unknown-required",
    "{key} names {value}, which is no property here",
    "{suggestion}Declare the property, or drop the name.",
)
CONTRADICTION: Final = Rule(
    "SG049",
    "contradiction",
    "no value passes {low} {low_value} and {high} {high_value}",
    "Change one of them.",
)
INVALID_PATTERN: Final = Rule(
    "SG050",
    "invalid-pattern",
    "the pattern is invalid at character {position}: {reason}",
    "Mend the expression.",
)
PATTERN_NOT_PORTABLE: Final = Rule(
    "SG051",
    "pattern-not-portable",
    "the pattern uses {reason} at character {position}",
    "ECMA-262, Rust and Python do not read it alike: {way_out}.",
)
PATTERN_TOO_LARGE: Final = Rule(
    "SG052",
    "pattern-too-large",
    "the pattern is too large: {reason}",
    "Shorten its repeats; minLength and maxLength limit a length without any cost.",
)
BROKEN_REFERENCE: Final = Rule(
    "SG053",
    "broken-reference",
    "$ref {value} leads nowhere: {reason}",
    "{suggestion}Point to a schema that exists.",
)
REFERENCE_OUTSIDE: Final = Rule(
    "SG054",
    "reference-outside",
    "$ref {value} leads out of the contracts folder",
    "Point into the same file (#/$defs/…) or, by a relative path, to a file under the contracts folder.",
)
REFERENCE_TO_NO_SCHEMA: Final = Rule(
    "SG055",
    "reference-to-no-schema",
    "$ref {value} leads to something that is no schema",
    "Point to a schema.",
)
REFERENCE_LOOP: Final = Rule(
    "SG056",
    "reference-loop",
    "the schema contains itself, without an object or array in between",
    "Break the loop: nothing could ever be checked against it.",
)
REFERENCE_CHAIN: Final = Rule(
    "SG057", "reference-chain", "$ref {value} needs more than {limit} steps", "Point to the schema itself."
)
DUPLICATE_ID: Final = Rule(
    "SG058", "duplicate-id", "{key} {value} is there twice in this file", "Rename one of them."
)
UNKNOWN_FORMAT: Final = Rule(
    "SG059",
    "unknown-format",
    "{value} is no format of JSON Schema 2020-12",
    "{suggestion}The formats are: {known}.",
)
DUPLICATE_VALUE: Final = Rule(
    "SG060", "duplicate-value", "{value} is there twice in {key}", "Keep one of them."
)
ENVELOPE_PROPERTY: Final = Rule(
    "SG061",
    "envelope-property",
    "the envelope lacks the property {value}, or does not require it",
    "Add it to properties and required: the runtime fills it in.",
)

# Generated files.

MISSING_FILE: Final = Rule("SG070", "missing-file", "the file is missing", 'Run "sguild-codegen generate".')
STALE_FILE: Final = Rule(
    "SG071", "stale-file", "the file is stale: {reason}", 'Run "sguild-codegen generate".'
)
FOREIGN_FILE: Final = Rule(
    "SG072", "foreign-file", "the file is foreign: it was not generated", "Move or delete it."
)
