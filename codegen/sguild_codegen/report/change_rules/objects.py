"""Edits of objects: their properties, and what else they may hold."""

from typing import Final

from sguild_codegen.report.change_rules.change_rule import ChangeRule

_NEW_VERSION: Final = "Undo it, or write a new version of the payload and leave this one as it is."

PROPERTY_ADDED: Final = ChangeRule(
    "SG110",
    "property-added",
    "the property {name} is new",
    _NEW_VERSION,
    why="An exact reader of a closed object refuses a property that it does not know; a tolerant one ignores "
    "it. In an open object the name may already be in use with another meaning: then the new schema refuses "
    "documents that the old one took.",
    mirror="property-removed",
    effect="either",
    instead="Add the property in a new version of the payload, and leave it optional.",
    before='{"additionalProperties": false, "properties": {"id": {"type": "string"}}}',
    after='{"additionalProperties": false, "properties": {"id": {"type": "string"}, '
    '"note": {"type": "string"}}}',
)
PROPERTY_REMOVED: Final = ChangeRule(
    "SG111",
    "property-removed",
    "the property {name} is gone",
    _NEW_VERSION,
    why="Readers that use the property find nothing there, and a closed object refuses stored events that "
    "have it. In an open object it may come back with any value.",
    mirror="property-added",
    effect="either",
    instead='Say "deprecated": true first. Remove the property in a new version, once no reader needs it.',
    before='{"properties": {"id": {"type": "string"}, "note": {"type": "string"}}}',
    after='{"properties": {"id": {"type": "string"}}}',
)
PROPERTY_REQUIRED: Final = ChangeRule(
    "SG112",
    "property-made-required",
    "the property {name} is required now",
    _NEW_VERSION,
    why="Events without the property are stored already, or still on their way: readers of the new schema "
    "refuse them.",
    mirror="property-made-optional",
    effect="narrows",
    instead="Require it in a new version. An up-adapter supplies the value for events of the old one.",
    before='{"properties": {"id": {"type": "string"}}}',
    after='{"properties": {"id": {"type": "string"}}, "required": ["id"]}',
)
PROPERTY_OPTIONAL: Final = ChangeRule(
    "SG113",
    "property-made-optional",
    "the property {name} may be absent now",
    _NEW_VERSION,
    why="Readers of the old schema count on the property: they refuse the first event that lacks it.",
    mirror="property-made-required",
    effect="widens",
    instead="Go on requiring it. In a new version it can be optional, once readers of the old one are gone.",
    before='{"properties": {"id": {"type": "string"}}, "required": ["id"]}',
    after='{"properties": {"id": {"type": "string"}}}',
)
ADDITIONAL_CLOSED: Final = ChangeRule(
    "SG114",
    "additional-properties-closed",
    "{keyword} takes less than before",
    _NEW_VERSION,
    why="Events with further properties were allowed, so that somebody may have written them: readers of the "
    "new schema refuse those.",
    mirror="additional-properties-opened",
    effect="narrows",
    instead="Close the object in a new version of the payload.",
    before='{"properties": {"id": {"type": "string"}}}',
    after='{"properties": {"id": {"type": "string"}}, "additionalProperties": false}',
)
ADDITIONAL_OPENED: Final = ChangeRule(
    "SG115",
    "additional-properties-opened",
    "{keyword} takes more than before",
    _NEW_VERSION,
    why="Exact readers of the old schema refuse properties that they do not know. And an open object can "
    "never get a property without a break, because its name may be in use.",
    mirror="additional-properties-closed",
    effect="widens",
    instead="Name the properties that are needed, as optional ones, in a new version of the payload.",
    before='{"properties": {"id": {"type": "string"}}, "additionalProperties": false}',
    after='{"properties": {"id": {"type": "string"}}}',
)
PATTERN_PROPERTY_ADDED: Final = ChangeRule(
    "SG116",
    "pattern-property-added",
    "properties named like {name} have a schema now",
    _NEW_VERSION,
    why="In an open object it restricts what had been free, in a closed one it allows names that readers of "
    "the old schema refuse.",
    mirror="pattern-property-removed",
    effect="either",
    instead="Add it in a new version of the payload.",
    before='{"type": "object"}',
    after='{"type": "object", "patternProperties": {"^x_": {"type": "string"}}}',
)
PATTERN_PROPERTY_REMOVED: Final = ChangeRule(
    "SG117",
    "pattern-property-removed",
    "properties named like {name} have no schema any more",
    _NEW_VERSION,
    why="In an open object such properties may hold anything now, in a closed one they are refused.",
    mirror="pattern-property-added",
    effect="either",
    instead="Remove it in a new version of the payload.",
    before='{"type": "object", "patternProperties": {"^x_": {"type": "string"}}}',
    after='{"type": "object"}',
)
DEPENDENCY_ADDED: Final = ChangeRule(
    "SG118",
    "dependency-added",
    "{name} requires {needed} now",
    _NEW_VERSION,
    why="Events with the one and without the other are stored: readers of the new schema refuse them.",
    mirror="dependency-removed",
    effect="narrows",
    instead="Let producers write both from now on, and require it in a new version.",
    before='{"type": "object"}',
    after='{"type": "object", "dependentRequired": {"unit": ["amount"]}}',
)
DEPENDENCY_REMOVED: Final = ChangeRule(
    "SG119",
    "dependency-removed",
    "{name} does not require {needed} any more",
    _NEW_VERSION,
    why="Readers of the old schema count on both being there together.",
    mirror="dependency-added",
    effect="widens",
    instead="Go on writing both for as long as this version is emitted.",
    before='{"type": "object", "dependentRequired": {"unit": ["amount"]}}',
    after='{"type": "object"}',
)
NAMES_RESTRICTED: Final = ChangeRule(
    "SG120",
    "property-names-restricted",
    "names of properties have to be of a form now",
    _NEW_VERSION,
    why="Names of another form are in stored events already: readers of the new schema refuse them.",
    mirror="property-names-freed",
    effect="narrows",
    instead="Restrict the names in a new version of the payload.",
    before='{"type": "object"}',
    after='{"type": "object", "propertyNames": {"maxLength": 8}}',
)
NAMES_FREED: Final = ChangeRule(
    "SG121",
    "property-names-freed",
    "names of properties may be of any form now",
    _NEW_VERSION,
    why="Readers of the old schema refuse names of another form.",
    mirror="property-names-restricted",
    effect="widens",
    instead="Free the names in a new version of the payload.",
    before='{"type": "object", "propertyNames": {"maxLength": 8}}',
    after='{"type": "object"}',
)

RULES: Final = (
    PROPERTY_ADDED,
    PROPERTY_REMOVED,
    PROPERTY_REQUIRED,
    PROPERTY_OPTIONAL,
    ADDITIONAL_CLOSED,
    ADDITIONAL_OPENED,
    PATTERN_PROPERTY_ADDED,
    PATTERN_PROPERTY_REMOVED,
    DEPENDENCY_ADDED,
    DEPENDENCY_REMOVED,
    NAMES_RESTRICTED,
    NAMES_FREED,
)
