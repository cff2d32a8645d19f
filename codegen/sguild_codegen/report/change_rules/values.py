"""Edits of what a value may be: types, enums, constants, bounds, patterns and formats."""

from typing import Final

from sguild_codegen.report.change_rules.change_rule import ChangeRule

_NEW_VERSION: Final = "Undo it, or write a new version of the payload and leave this one as it is."

TYPE_NARROWED: Final = ChangeRule(
    "SG130",
    "type-narrowed",
    "the type was {old} and is {new}",
    _NEW_VERSION,
    why="Values of the types that are gone are in stored events: readers of the new schema refuse them.",
    mirror="type-widened",
    effect="narrows",
    instead="Let producers write only the remaining types, and drop the others in a new version.",
    before='{"type": ["string", "null"]}',
    after='{"type": "string"}',
)
TYPE_WIDENED: Final = ChangeRule(
    "SG131",
    "type-widened",
    "the type was {old} and is {new}",
    _NEW_VERSION,
    why="Readers of the old schema get values of a type that they cannot hold, null among them.",
    mirror="type-narrowed",
    effect="widens",
    instead="Add an optional property of the new type, in a new version, and leave this one as it is.",
    before='{"type": "integer"}',
    after='{"type": "number"}',
)
TYPE_CHANGED: Final = ChangeRule(
    "SG132",
    "type-changed",
    "the type was {old} and is {new}",
    _NEW_VERSION,
    why="Neither readers of the old schema nor those of the new one can hold the values of the other.",
    mirror="type-changed",
    effect="either",
    instead="Add a property of the new type under another name, and deprecate this one.",
    before='{"type": "string"}',
    after='{"type": "integer"}',
)
ENUM_VALUE_ADDED: Final = ChangeRule(
    "SG133",
    "enum-value-added",
    "the value {value} is new",
    "Tolerant readers ignore a value that they do not know; an enum under closed_enums needs a new version.",
    why="Readers of the old schema meet a value that they do not know. Tolerant ones treat an enum of texts "
    "as open, unless the registry lists it under closed_enums, so that this is the one edit that a published "
    "version may have. Readers that apply a schema to the letter break, as all do with the envelope.",
    mirror="enum-value-removed",
    effect="widens",
    instead="Tell the readers before the first event has the value.",
    before='{"enum": ["card", "cash"]}',
    after='{"enum": ["card", "cash", "voucher"]}',
)
ENUM_VALUE_REMOVED: Final = ChangeRule(
    "SG134",
    "enum-value-removed",
    "the value {value} is gone",
    _NEW_VERSION,
    why="Stored events hold the value: readers of the new schema refuse them, or read them as unknown.",
    mirror="enum-value-added",
    effect="narrows",
    instead="Stop writing the value and leave it in the enum; drop it in a new version.",
    before='{"enum": ["card", "cash"]}',
    after='{"enum": ["card"]}',
)
ENUM_ADDED: Final = ChangeRule(
    "SG135",
    "enum-added",
    "only {count} values are left",
    _NEW_VERSION,
    why="Every other value was allowed, and may be in stored events.",
    mirror="enum-dropped",
    effect="narrows",
    instead="List the values in a new version of the payload.",
    before='{"type": "string"}',
    after='{"type": "string", "enum": ["card", "cash"]}',
)
ENUM_DROPPED: Final = ChangeRule(
    "SG136",
    "enum-dropped",
    "any value may stand where {count} were listed",
    _NEW_VERSION,
    why="Readers of the old schema count on the values that were listed, and so do their types.",
    mirror="enum-added",
    effect="widens",
    instead="Add the values that are needed to the enum.",
    before='{"type": "string", "enum": ["card", "cash"]}',
    after='{"type": "string"}',
)
CONST_ADDED: Final = ChangeRule(
    "SG137",
    "const-added",
    "only the value {new} is left",
    _NEW_VERSION,
    why="Every other value was allowed, and may be in stored events.",
    mirror="const-dropped",
    effect="narrows",
    instead="Fix the value in a new version of the payload.",
    before='{"type": "string"}',
    after='{"type": "string", "const": "EUR"}',
)
CONST_DROPPED: Final = ChangeRule(
    "SG138",
    "const-dropped",
    "other values than {old} may stand here now",
    _NEW_VERSION,
    why="A constant is never open: readers of the old schema refuse any other value, tolerant ones as well.",
    mirror="const-added",
    effect="widens",
    instead="Let the value vary in a new version of the payload.",
    before='{"type": "string", "const": "EUR"}',
    after='{"type": "string"}',
)
CONST_CHANGED: Final = ChangeRule(
    "SG139",
    "const-changed",
    "the value was {old} and is {new}",
    _NEW_VERSION,
    why="Each schema refuses the only value of the other.",
    mirror="const-changed",
    effect="either",
    instead="Change it in a new version of the payload.",
    before='{"const": "EUR"}',
    after='{"const": "USD"}',
)
BOUND_NARROWED: Final = ChangeRule(
    "SG140",
    "bound-narrowed",
    "{keyword} was {old} and is {new}",
    _NEW_VERSION,
    why="Values between the old bound and the new one may be in stored events: readers of the new schema "
    "refuse them.",
    mirror="bound-widened",
    effect="narrows",
    instead="Let producers keep to the new bound, and write it down in a new version.",
    before='{"type": "integer", "minimum": 0}',
    after='{"type": "integer", "minimum": 1}',
)
BOUND_WIDENED: Final = ChangeRule(
    "SG141",
    "bound-widened",
    "{keyword} was {old} and is {new}",
    _NEW_VERSION,
    why="Readers of the old schema refuse values beyond their bound; a column may be as short as it.",
    mirror="bound-narrowed",
    effect="widens",
    instead="Widen the bound in a new version, which readers take on in their own time.",
    before='{"type": "string", "maxLength": 80}',
    after='{"type": "string", "maxLength": 200}',
)
STEP_CHANGED: Final = ChangeRule(
    "SG142",
    "step-changed",
    "multipleOf was {old} and is {new}",
    _NEW_VERSION,
    why="Values that are multiples of the one and not of the other are refused by one of the schemas.",
    mirror="step-changed",
    effect="either",
    instead="Change it in a new version of the payload.",
    before='{"multipleOf": 5}',
    after='{"multipleOf": 2}',
)
PATTERN_ADDED: Final = ChangeRule(
    "SG143",
    "pattern-added",
    "texts have to match {new} now",
    _NEW_VERSION,
    why="Texts that do not match may be in stored events: readers of the new schema refuse them.",
    mirror="pattern-dropped",
    effect="narrows",
    instead="Let producers keep to the pattern, and write it down in a new version.",
    before='{"type": "string"}',
    after='{"type": "string", "pattern": "^[A-Z]{3}$"}',
)
PATTERN_DROPPED: Final = ChangeRule(
    "SG144",
    "pattern-dropped",
    "texts need not match {old} any more",
    _NEW_VERSION,
    why="Readers of the old schema refuse texts that do not match; they may split or parse by it.",
    mirror="pattern-added",
    effect="widens",
    instead="Drop the pattern in a new version of the payload.",
    before='{"type": "string", "pattern": "^[A-Z]{3}$"}',
    after='{"type": "string"}',
)
PATTERN_CHANGED: Final = ChangeRule(
    "SG145",
    "pattern-changed",
    "the pattern was {old} and is {new}",
    _NEW_VERSION,
    why="Whether a pattern takes more or less than another one does not show; the verdict proves it.",
    mirror="pattern-changed",
    effect="either",
    instead="Change the pattern in a new version of the payload.",
    before='{"pattern": "^[A-Z]{3}$"}',
    after='{"pattern": "^[A-Z]{2,3}$"}',
)
FORMAT_ADDED: Final = ChangeRule(
    "SG146",
    "format-added",
    "texts have to be of the format {new} now",
    _NEW_VERSION,
    why="Formats are asserted: texts of another form, which may be in stored events, are refused.",
    mirror="format-dropped",
    effect="narrows",
    instead="Let producers keep to the format, and write it down in a new version.",
    before='{"type": "string"}',
    after='{"type": "string", "format": "date-time"}',
)
FORMAT_DROPPED: Final = ChangeRule(
    "SG147",
    "format-dropped",
    "texts need not be of the format {old} any more",
    _NEW_VERSION,
    why="Readers of the old schema parse the text by its format.",
    mirror="format-added",
    effect="widens",
    instead="Drop the format in a new version of the payload.",
    before='{"type": "string", "format": "date-time"}',
    after='{"type": "string"}',
)
FORMAT_CHANGED: Final = ChangeRule(
    "SG148",
    "format-changed",
    "the format was {old} and is {new}",
    _NEW_VERSION,
    why="Readers of either schema parse the text by its format, and refuse that of the other.",
    mirror="format-changed",
    effect="either",
    instead="Add a property of the new format under another name, and deprecate this one.",
    before='{"format": "date"}',
    after='{"format": "date-time"}',
)

RULES: Final = (
    TYPE_NARROWED,
    TYPE_WIDENED,
    TYPE_CHANGED,
    ENUM_VALUE_ADDED,
    ENUM_VALUE_REMOVED,
    ENUM_ADDED,
    ENUM_DROPPED,
    CONST_ADDED,
    CONST_DROPPED,
    CONST_CHANGED,
    BOUND_NARROWED,
    BOUND_WIDENED,
    STEP_CHANGED,
    PATTERN_ADDED,
    PATTERN_DROPPED,
    PATTERN_CHANGED,
    FORMAT_ADDED,
    FORMAT_DROPPED,
    FORMAT_CHANGED,
)
