"""Edits of arrays, of combinations and references, and of what constrains nothing."""

from typing import Final

from sguild_codegen.report.change_rules.change_rule import ChangeRule

_NEW_VERSION: Final = "Undo it, or write a new version of the payload and leave this one as it is."

POSITION_ADDED: Final = ChangeRule(
    "SG150",
    "position-added",
    "position {index} of the array has a schema of its own now",
    _NEW_VERSION,
    why="What stood at the position before followed another rule, or none.",
    mirror="position-removed",
    effect="either",
    instead="Add the position in a new version of the payload; an object with names grows more easily.",
    before='{"prefixItems": [{"type": "string"}]}',
    after='{"prefixItems": [{"type": "string"}, {"type": "integer"}]}',
)
POSITION_REMOVED: Final = ChangeRule(
    "SG151",
    "position-removed",
    "position {index} of the array has no schema of its own any more",
    _NEW_VERSION,
    why="What stands at the position follows another rule now, or none.",
    mirror="position-added",
    effect="either",
    instead="Remove the position in a new version of the payload.",
    before='{"prefixItems": [{"type": "string"}, {"type": "integer"}]}',
    after='{"prefixItems": [{"type": "string"}]}',
)
ITEMS_RESTRICTED: Final = ChangeRule(
    "SG152",
    "items-restricted",
    "{keyword} takes less than before",
    _NEW_VERSION,
    why="Items of any kind were allowed, and may be in stored events: readers of the new schema refuse them.",
    mirror="items-freed",
    effect="narrows",
    instead="Restrict the items in a new version of the payload.",
    before='{"type": "array"}',
    after='{"type": "array", "items": {"type": "string"}}',
)
ITEMS_FREED: Final = ChangeRule(
    "SG153",
    "items-freed",
    "{keyword} takes more than before",
    _NEW_VERSION,
    why="Readers of the old schema refuse items of another kind.",
    mirror="items-restricted",
    effect="widens",
    instead="Free the items in a new version of the payload.",
    before='{"type": "array", "items": {"type": "string"}}',
    after='{"type": "array"}',
)
CONTAINS_ADDED: Final = ChangeRule(
    "SG154",
    "contains-added",
    "the array has to contain an item of a kind now",
    _NEW_VERSION,
    why="Arrays without such an item may be in stored events: readers of the new schema refuse them.",
    mirror="contains-dropped",
    effect="narrows",
    instead="Ask for the item in a new version of the payload.",
    before='{"type": "array"}',
    after='{"type": "array", "contains": {"const": "primary"}}',
)
CONTAINS_DROPPED: Final = ChangeRule(
    "SG155",
    "contains-dropped",
    "the array need not contain an item of a kind any more",
    _NEW_VERSION,
    why="Readers of the old schema count on the item.",
    mirror="contains-added",
    effect="widens",
    instead="Go on writing the item for as long as this version is emitted.",
    before='{"type": "array", "contains": {"const": "primary"}}',
    after='{"type": "array"}',
)
UNIQUENESS_ADDED: Final = ChangeRule(
    "SG156",
    "uniqueness-added",
    "an item may be there only once now",
    _NEW_VERSION,
    why="Arrays with equal items may be in stored events: readers of the new schema refuse them.",
    mirror="uniqueness-dropped",
    effect="narrows",
    instead="Let producers write each item once, and write it down in a new version.",
    before='{"type": "array"}',
    after='{"type": "array", "uniqueItems": true}',
)
UNIQUENESS_DROPPED: Final = ChangeRule(
    "SG157",
    "uniqueness-dropped",
    "an item may be there more than once now",
    _NEW_VERSION,
    why="Readers of the old schema refuse an array with equal items; they may read it into a set.",
    mirror="uniqueness-added",
    effect="widens",
    instead="Drop it in a new version of the payload.",
    before='{"type": "array", "uniqueItems": true}',
    after='{"type": "array"}',
)
ALTERNATIVE_ADDED: Final = ChangeRule(
    "SG160",
    "alternative-added",
    "{keyword} has an alternative more",
    _NEW_VERSION,
    why="Readers of the old schema refuse values of the new kind; in oneOf a value may also match twice now.",
    mirror="alternative-removed",
    effect="widens",
    instead="Add the alternative in a new version of the payload.",
    before='{"anyOf": [{"type": "string"}]}',
    after='{"anyOf": [{"type": "string"}, {"type": "integer"}]}',
)
ALTERNATIVE_REMOVED: Final = ChangeRule(
    "SG161",
    "alternative-removed",
    "{keyword} has an alternative less",
    _NEW_VERSION,
    why="Values of that kind are in stored events: readers of the new schema refuse them.",
    mirror="alternative-added",
    effect="narrows",
    instead="Stop writing the kind, and remove the alternative in a new version.",
    before='{"anyOf": [{"type": "string"}, {"type": "integer"}]}',
    after='{"anyOf": [{"type": "string"}]}',
)
CONDITION_ADDED: Final = ChangeRule(
    "SG162",
    "condition-added",
    "{keyword} asks for more than before",
    _NEW_VERSION,
    why="Values that do not meet the condition may be in stored events: new readers refuse them.",
    mirror="condition-dropped",
    effect="narrows",
    instead="Let producers keep to the condition, and write it down in a new version.",
    before='{"type": "object"}',
    after='{"type": "object", "not": {"required": ["legacy"]}}',
)
CONDITION_DROPPED: Final = ChangeRule(
    "SG163",
    "condition-dropped",
    "{keyword} asks for less than before",
    _NEW_VERSION,
    why="Readers of the old schema count on the condition, and refuse values that do not meet it.",
    mirror="condition-added",
    effect="widens",
    instead="Drop the condition in a new version of the payload.",
    before='{"type": "object", "not": {"required": ["legacy"]}}',
    after='{"type": "object"}',
)
REFERENCE_CHANGED: Final = ChangeRule(
    "SG164",
    "reference-changed",
    "the reference was {old} and is {new}",
    _NEW_VERSION,
    why="What stands here follows another definition. Whether that takes more or less, the verdict proves.",
    mirror="reference-changed",
    effect="either",
    instead="Change it in a new version of the payload.",
    before='{"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}, "b": {"type": "null"}}}',
    after='{"$ref": "#/$defs/b", "$defs": {"a": {"type": "string"}, "b": {"type": "null"}}}',
)
SCHEMA_REPLACED: Final = ChangeRule(
    "SG165",
    "schema-replaced",
    "the schema was {old} and is {new}",
    _NEW_VERSION,
    why="One of the two accepts nothing at all, or is no schema.",
    mirror="schema-replaced",
    effect="either",
    instead="Replace it in a new version of the payload.",
    before='{"properties": {"note": {"type": "string"}}}',
    after='{"properties": {"note": false}}',
)
ANNOTATION_CHANGED: Final = ChangeRule(
    "SG166",
    "annotation-changed",
    "annotations differ: {keywords}",
    "Nothing has to be done: it constrains nothing.",
    level="notice",
    why="Descriptions, titles, examples and defaults are for people: no reader accepts more or less. If the "
    "words give a field another meaning, that breaks readers all the same, and no tool can tell.",
    mirror="annotation-changed",
    instead="Go on. Let a field with a new meaning have a new name.",
    before='{"type": "string", "description": "A name."}',
    after='{"type": "string", "description": "The name of a person."}',
)

RULES: Final = (
    POSITION_ADDED,
    POSITION_REMOVED,
    ITEMS_RESTRICTED,
    ITEMS_FREED,
    CONTAINS_ADDED,
    CONTAINS_DROPPED,
    UNIQUENESS_ADDED,
    UNIQUENESS_DROPPED,
    ALTERNATIVE_ADDED,
    ALTERNATIVE_REMOVED,
    CONDITION_ADDED,
    CONDITION_DROPPED,
    REFERENCE_CHANGED,
    SCHEMA_REPLACED,
    ANNOTATION_CHANGED,
)
