"""The rules of ``lint`` as data: what is unwise in contracts, even where nothing breaks.

Ids go by family: SG201 names, SG210 documentation, SG220 shapes, SG240 the registry, SG250 windows, SG260
reachability, SG270 contradictions, SG280 redundancy, SG290 the settings. ``lint_pages`` has their examples.
"""

from typing import Final

from sguild_codegen.report.rules import Level, Rule


def _rule(id_: str, name: str, message: str, way_out: str, *, why: str, level: Level = "warning") -> Rule:
    return Rule(id_, name, message, way_out, level, why=why)


# Names.

NAME_CASE: Final = _rule(
    "SG201",
    "name-case",
    "{what} {value} is not in snake case",
    "Call it {suggestion}.",
    why="Names of properties become names of attributes. With one spelling nobody has to look it up.",
)
PAYLOAD_TITLE: Final = _rule(
    "SG202",
    "payload-title",
    "the title is {value}, not {expected}",
    'Write "title": {expected}.',
    why="It is what a reader, an editor and the catalogue show first. One from a copied file misleads them.",
)
SHARED_ID: Final = _rule(
    "SG203",
    "shared-id",
    "$id of a shared schema is {value}, not {expected}",
    'Write "$id": {expected}.',
    why="Elsewhere a schema is known by its $id. If two files claim the same, one is taken for the other.",
)
LOOK_ALIKE_VALUES: Final = _rule(
    "SG204",
    "look-alike-values",
    "{value} and {other} differ only in case or separators",
    "Keep one of them, or name them so that nobody confuses them.",
    why="Two values that look alike are written for each other sooner or later, and both are valid.",
)

# Documentation.

EVENT_UNDESCRIBED: Final = _rule(
    "SG210",
    "event-undescribed",
    "the schema has no description",
    "Say in a sentence or two when it is published and what it means for its readers.",
    why="The description becomes the docstring of the generated class. It is where a subscriber learns when"
    " the event occurs, which its fields cannot say.",
)
PROPERTY_UNDESCRIBED: Final = _rule(
    "SG211",
    "property-undescribed",
    "the property {value} has no description, and its name does not say all",
    "Say what the value means: its unit, its scale, what null or absence stands for.",
    why="Some names say it all: the id of a registered entity, a timestamp in _at, an email with the format"
    " email. A number needs its unit, a flag what it turns on, a code what its values mean.",
)
DEFINITION_UNDESCRIBED: Final = _rule(
    "SG212",
    "definition-undescribed",
    "the definition {value} has no description",
    "Say in a sentence what it is.",
    why="A definition of an object becomes a class of its own; its description becomes the docstring.",
)
IDLE_DESCRIPTION: Final = _rule(
    "SG213",
    "idle-description",
    "the description {value} says nothing",
    "Say what the name does not say, or leave the description out.",
    why="A placeholder, or the name in other words, looks like documentation and ends the search for it.",
)

# Shapes.

OPEN_OBJECT: Final = _rule(
    "SG220",
    "open-object",
    "the object takes any property",
    'Write "additionalProperties": false, or a schema for what may come.',
    why="In an open object a misspelt property is valid, and so is anything that a producer adds without a"
    " contract. Readers ignore unknown fields by themselves; producers are held to the schema.",
)
UNTYPED_VALUE: Final = _rule(
    "SG221",
    "untyped-value",
    "{what} takes any value",
    "Say its type, or refer to a schema.",
    why="Where everything is valid the generated code cannot have a type, and each reader guesses.",
)
TIMESTAMP_FORMAT: Final = _rule(
    "SG222",
    "timestamp-format",
    "the name of {value} says that it is a {what}, but it has no format",
    'Write "format": "{format}".',
    why="Without the format any text is valid, and the generated code has a str instead of a datetime.",
)
ID_PATTERN: Final = _rule(
    "SG223",
    "id-pattern",
    "{value} is the id of {entity}, but takes {found}",
    'Write "pattern": {expected}.',
    why="The registry says which prefix the ids of an entity have. With the pattern the id of something else"
    " is refused, and the generated code has a type of its own for it.",
)
UNREGISTERED_PREFIX: Final = _rule(
    "SG224",
    "unregistered-prefix",
    "the id prefix {value} is not registered",
    "{suggestion}Add it to id_prefixes of the registry, with the entity behind it.",
    why="Without the entity behind a prefix there is no type for its ids: they are plain texts in the code.",
)
UNBOUNDED_STRING: Final = _rule(
    "SG225",
    "unbounded-string",
    "the text may be of any length",
    'Write "maxLength", or a pattern that ends the text.',
    why="A column, an index and a form all have a limit. Without one in the contract each reader has its own,"
    " and a text that one of them takes is a dead letter at another.",
)
UNBOUNDED_ARRAY: Final = _rule(
    "SG226",
    "unbounded-array",
    "the array may have any number of items",
    'Write "maxItems".',
    why="An event is read as a whole. A list without a limit grows until one event is too large for a"
    " reader.",
)
UNBOUNDED_MAP: Final = _rule(
    "SG227",
    "unbounded-map",
    "the object may have any number of properties",
    'Write "maxProperties".',
    why="An object whose names are data is a list by another name: without a limit it grows without one.",
)
REQUIRED_DEFAULT: Final = _rule(
    "SG228",
    "required-default",
    "{value} is required, so its default never applies",
    "Drop the default, or make the property optional.",
    why="A default says what an absent property stands for; a required property is never absent.",
)
SINGLE_VALUE: Final = _rule(
    "SG229",
    "single-value",
    "the enum has one value",
    'Write "const": {value}.',
    why="A const says that the value never changes: readers may rely on it, and tell branches apart by it. A"
    " text enum is open to tolerant readers instead, who are to expect more values.",
)

# The registry.

NO_ID_PREFIXES: Final = _rule(
    "SG240",
    "no-id-prefixes",
    "the registry names no id prefixes",
    'Write "id_prefixes": {{"ord": "order"}} with a prefix for each entity.',
    why="With them ids of different entities are different types in the code, and cannot be mixed up.",
    level="notice",
)
NO_SUBJECT: Final = _rule(
    "SG241",
    "no-subject",
    "{event_type} has no subject",
    'Write "subject": the payload property that says whom or what the event is about.',
    why="The subject of an envelope is what people search the log by; it also keeps the order of events where"
    " there is no ordering_key.",
)
OPTIONAL_KEY: Final = _rule(
    "SG242",
    "optional-key",
    "{what} {value} is not required in version {version} of {event_type}",
    "Require the property, or name another.",
    why="An event without it has no subject, or no place in the order of its entity: it is delivered beside"
    " events that it belongs behind.",
)
NO_ORDERING_KEY: Final = _rule(
    "SG243",
    "no-ordering-key",
    "{event_type} has no ordering_key, and no subject that stands in for it",
    'Write "ordering_key": the payload property that order is kept by.',
    why="Without a key each event is a line of its own: two events of one entity may be handled in any"
    " order.",
)
KEY_DIFFERS: Final = _rule(
    "SG244",
    "key-differs",
    "{what} of {event_type} is {value}; most of {contract} have {other}",
    "Use the same key in the whole contract, where the payload has it.",
    why="Order is kept by the value of the key. Events of one process with different keys have no order among"
    " each other, and a search by one subject misses half of the story.",
)
SUBJECT_REFUSED: Final = _rule(
    "SG245",
    "subject-refused",
    "the envelope refuses subjects that {event_type} version {version} allows, such as {value}",
    "Name a property whose every value fits the subject of the envelope.",
    why="The property fills the subject of the envelope, which is checked as well: publishing such an event"
    " fails. The value is a proof that the tool found.",
    level="error",
)
UNLISTED_PRODUCER: Final = _rule(
    "SG246",
    "unlisted-producer",
    "the envelope allows the producer {value}, which is no domain of the registry",
    "{suggestion}List it under domains, or drop the value.",
    why="The registry and the envelope have to agree on who there is; a reader cannot judge an unknown one.",
)
PRODUCER_REFUSED: Final = _rule(
    "SG247",
    "producer-refused",
    "the envelope refuses the producer {value} of {event_type}",
    "Add the domain to the producers of the envelope.",
    why="Every event of that domain fails on publishing.",
    level="error",
)
DEPRECATED_PRODUCER: Final = _rule(
    "SG248",
    "deprecated-producer",
    "the producer {value} of {event_type} is deprecated",
    "Name the domain that took over.",
    why="No publisher is generated for a deprecated domain, so nobody can publish the event.",
)
NO_SUBSCRIBERS: Final = _rule(
    "SG249",
    "no-subscribers",
    "nobody subscribes to {event_type}",
    "Name its readers, or withdraw it.",
    why="An event that nobody reads is work for its producer, and a contract that nobody can break.",
    level="notice",
)

# Versions and windows.

VERSION_GAP: Final = _rule(
    "SG250",
    "version-gap",
    "{event_type} has no version {value}",
    'Number versions without a gap; one that is gone stays as {{"version": {first}, "status": "withdrawn"}}.',
    why="A number that is not there may have been used once, and its events may still lie in the log.",
)
OVERLAPPING_WINDOWS: Final = _rule(
    "SG251",
    "overlapping-windows",
    "versions {value} and {other} of {event_type} are both emitted {when}",
    "Let emit_until of version {value} and emit_from of version {other} be the same day.",
    why="While both are emitted readers need a handler for each, and two producers of one event may"
    " disagree.",
)
WINDOW_GAP: Final = _rule(
    "SG252",
    "window-gap",
    "no version of {event_type} is emitted from {start} until {end}",
    "Let emit_until of version {value} and emit_from of version {other} be the same day.",
    why="Publishing fails between the two days.",
    level="error",
)
EMISSION_ENDS: Final = _rule(
    "SG253",
    "emission-ends",
    "{what} {ends} {end}, and nothing takes over",
    "Add the version or domain that takes over, or move the day.",
    why="From that day on publishing fails. Readers need to have taken over before; it is told 30 days"
    " ahead.",
)
HANDOVER_SOON: Final = _rule(
    "SG254",
    "handover-soon",
    "version {other} of {event_type} takes over from version {value} on {end}",
    "See what its readers will get: sguild-codegen rehearse {event_type} --from {value} --to {other}.",
    why="An event that a reader's package can read as none of its versions becomes a dead letter.",
    level="notice",
)

# Reachability.

UNREACHABLE_DEFINITION: Final = _rule(
    "SG260",
    "unreachable-definition",
    "nothing refers to the definition {value}",
    "Remove it, or refer to it.",
    why="It constrains nothing. Often it was to be used, and the property that needs it goes unchecked.",
)

# Contradictions; each one is proven.

ACCEPTS_NOTHING: Final = _rule(
    "SG270",
    "accepts-nothing",
    "no value passes this schema",
    'Change the keywords that exclude each other; write false if nothing is meant to pass, or "not".',
    why="Every document with a value here is refused. The tool has searched all kinds of values and proven"
    " that none is left.",
    level="error",
)
REQUIRED_IMPOSSIBLE: Final = _rule(
    "SG271",
    "required-impossible",
    "{value} is required, and no value of it passes",
    "Change the schema of the property, or do not require it.",
    why="No document can be valid: with the property it is refused, and without it too.",
    level="error",
)
DEAD_BRANCH: Final = _rule(
    "SG272",
    "dead-branch",
    "no value that the schema accepts passes this branch of {key}",
    "Remove the branch, or change what excludes it.",
    why="The branch stands in the contract as if it were possible, and readers write code for it. That it is"
    " not is proven.",
)
IDLE_CONDITION: Final = _rule(
    "SG273",
    "idle-condition",
    "the condition {outcome} for a value that the schema accepts, so {key} constrains nothing",
    "Change the condition, or drop it.",
    why='Mostly a slip: "if" with a property that the schema does not have, or a value that it excludes.',
)
REFUSED_EXAMPLE: Final = _rule(
    "SG274",
    "refused-example",
    "{key} holds {value}, which the schema refuses",
    "Change the value, or the schema.",
    why="Examples and defaults are copied into code and tests. One that the contract refuses fails there.",
    level="error",
)
DEAD_VALUE: Final = _rule(
    "SG275",
    "dead-value",
    "the value {value} of the {key} is refused by the keywords beside it",
    "Remove the value, or change what excludes it.",
    why="The value looks allowed. Producers who send it fail.",
)
LEFT_OPEN: Final = _rule(
    "SG276",
    "left-open",
    "{count} about this file could not be decided: {reason}",
    "Write it in a simpler way if you can: a contradiction may stand here unseen.",
    why="A proof may take too long, or need a text that nobody can construct. This is the first place.",
    level="notice",
)

# Redundancy.

FOREIGN_KEYWORD: Final = _rule(
    "SG280",
    "foreign-keyword",
    "{key} constrains {kind}, and the type is {types}",
    "Remove it, or change the type.",
    why="JSON Schema ignores a keyword of another type without a word: the limit that somebody meant is not"
    " there.",
)
IMPLIED_BOUND: Final = _rule(
    "SG281",
    "implied-bound",
    "{key} {value} says nothing beside {reason}",
    "Remove it.",
    why="Of two bounds that say the same one is changed later, and the other one is forgotten.",
)
IDLE_BESIDE_VALUES: Final = _rule(
    "SG282",
    "idle-beside-values",
    "{key} says nothing beside the {other}: its values all pass",
    "Remove it.",
    why="The values are listed already; what every one of them keeps need not be said.",
)
IDLE_KEYWORD: Final = _rule(
    "SG283",
    "idle-keyword",
    "{key} constrains nothing {reason}",
    "Remove it.",
    why="A reader takes each keyword for a constraint, and looks for what it is there for.",
)
REPEATED_BRANCH: Final = _rule(
    "SG284",
    "repeated-branch",
    "this branch of {key} is the same as branch {other}",
    "Remove one of them.",
    why="In allOf and anyOf the second one says nothing; in oneOf two equal branches exclude each other, so"
    " that what passes them is refused.",
)

# Settings.

UNUSED_IGNORE: Final = _rule(
    "SG290",
    "unused-ignore",
    "the ignore of {value} ignores nothing",
    "Remove it from lint.ignore.",
    why="What it was for is mended, or its place has another name now. Left in, it would hide the next"
    " finding.",
)
