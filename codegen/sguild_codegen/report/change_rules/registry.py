"""Edits of the registry: who publishes what, who reads it, in which versions and when."""

from typing import Final

from sguild_codegen.report.change_rules.change_rule import ChangeRule

_BOTH: Final = "Undo it, or agree with every domain that is named and waive the finding."
_NONE: Final = "Nothing has to be done."


def _entry(more: str = "", *, producer: str = "sales", versions: str = "") -> str:
    """Return the example of one event type; ``more`` are further keys."""
    listed = versions or '{"version": 1, "status": "current"}'
    return (
        f'{{"event_types": [{{"event_type": "order.placed", "contract": "shop", "producer": "{producer}"'
        f'{more}, "versions": [{listed}]}}]}}'
    )


_TWO: Final = '{"version": 1, "status": "superseded"}, {"version": 2, "status": "current"}'

EVENT_TYPE_ADDED: Final = ChangeRule(
    "SG170",
    "event-type-added",
    "{event_type} is new: {producer} publishes it for {readers}",
    _NONE,
    level="notice",
    why="Nobody reads it yet, so nobody breaks.",
    mirror="event-type-removed",
    instead="Go on.",
    before='{"event_types": []}',
    after=_entry(),
)
EVENT_TYPE_REMOVED: Final = ChangeRule(
    "SG171",
    "event-type-removed",
    "{event_type} is gone, which was read by {readers}",
    "Put the entry back, and give its versions the status withdrawn once nobody reads them.",
    why="Handlers of the event type do not compile against the new package, and stored events become unknown "
    "ones in the dead letters.",
    mirror="event-type-added",
    instead="Stop publishing (emit_until), let subscribers drop their handlers, remove them, then the "
    "entry: with no reader left the removal is a notice.",
    before=_entry(),
    after='{"event_types": []}',
)
EVENT_TYPE_RENAMED: Final = ChangeRule(
    "SG172",
    "event-type-renamed",
    "{event_type} was {old}, which was read by {readers}",
    "Register the new name beside the old one, and publish both until the readers have moved on.",
    why="A name is what handlers, stored events and cursors go by. Under a new one the event never arrives.",
    mirror="event-type-renamed",
    instead="Publish both events for a while, and remove the old one when nobody reads it any more.",
    before=_entry(),
    after=_entry().replace("order.placed", "order.ordered"),
)
VERSION_ADDED: Final = ChangeRule(
    "SG173",
    "version-added",
    "{event_type} has a version {version} now",
    _NONE,
    level="notice",
    why="Readers of the older versions go on if they can read the new one: that is what is compared.",
    mirror="version-removed",
    instead="Go on; give the old version an end (emit_until) and the new one a start (emit_from).",
    before=_entry(),
    after=_entry(versions=_TWO),
)
VERSION_REMOVED: Final = ChangeRule(
    "SG174",
    "version-removed",
    "{event_type} version {version} is gone, which was read by {readers}",
    "Leave the entry, with the status withdrawn.",
    why="Stored events of the version become unreadable without a word about what they were.",
    mirror="version-added",
    instead="Withdraw the version: the registry still says that it existed.",
    before=_entry(versions=_TWO),
    after=_entry(versions='{"version": 2, "status": "current"}'),
)
STATUS_CHANGED: Final = ChangeRule(
    "SG175",
    "version-status-changed",
    "{event_type} version {version} was {old} and is {new}",
    "Withdraw a version after its emit_until, when all its events are handled.",
    why="A withdrawn version has no schema any more: events of it, new or stored, end in the dead letters. "
    "Between current and superseded only the default for publishers moves.",
    mirror="version-status-changed",
    instead="Supersede first, with an emit_until; withdraw when that day has passed.",
    before=_entry(versions=_TWO),
    after=_entry(versions=_TWO.replace("superseded", "withdrawn")),
)
PRODUCER_CHANGED: Final = ChangeRule(
    "SG176",
    "producer-changed",
    "the producer of {event_type} was {old} and is {new}, for {readers}",
    _BOTH,
    why="Only the producer's publisher class and key may publish the event type: those of the old one stop "
    "at the next release, and its events on the way are refused.",
    mirror="producer-changed",
    instead="Register an event type of the new producer, and let readers move over.",
    before=_entry(),
    after=_entry(producer="support"),
)
SUBSCRIBER_ADDED: Final = ChangeRule(
    "SG177",
    "subscriber-added",
    "{domain} reads {event_type} now",
    _NONE,
    level="notice",
    why="It adds a reader that later changes have to respect.",
    mirror="subscriber-removed",
    instead="Go on.",
    before=_entry(', "subscribers": []'),
    after=_entry(', "subscribers": ["support"]'),
)
SUBSCRIBER_REMOVED: Final = ChangeRule(
    "SG178",
    "subscriber-removed",
    "{domain} does not read {event_type} any more",
    "Make sure that {domain} has dropped its handlers.",
    level="warning",
    why="The subscriber class of the domain loses the decorator: services that still use it fail at import.",
    mirror="subscriber-added",
    instead="Let the domain drop its handlers first, then its name in the registry.",
    before=_entry(', "subscribers": ["support"]'),
    after=_entry(', "subscribers": []'),
)
SUBJECT_CHANGED: Final = ChangeRule(
    "SG179",
    "subject-changed",
    "the subject of {event_type} was {old} and is {new}, for {readers}",
    _BOTH,
    why="The envelope of every version names another thing from now on; readers filter and index by it.",
    mirror="subject-changed",
    instead="Register another event type, or move all readers at one time.",
    before=_entry(', "subject": "order_id"'),
    after=_entry(', "subject": "person_id"'),
)
ORDERING_KEY_CHANGED: Final = ChangeRule(
    "SG180",
    "ordering-key-changed",
    "the ordering_key of {event_type} was {old} and is {new}, for {readers}",
    _BOTH,
    why="Events that had come in order may overtake each other, those on the way included.",
    mirror="ordering-key-changed",
    instead="Wait until no event of the old order is on its way, and tell the readers first.",
    before=_entry(', "ordering_key": "order_id"'),
    after=_entry(', "ordering_key": "person_id"'),
)
ENUM_CLOSED: Final = ChangeRule(
    "SG181",
    "enum-closed",
    "the enum {name} of {event_type} is closed now",
    "Make sure that it is complete: it cannot grow any more.",
    level="notice",
    why="Readers do not ignore an unknown value of it any more.",
    mirror="enum-opened",
    instead="Go on, if the list is complete.",
    before=_entry(', "closed_enums": []'),
    after=_entry(', "closed_enums": ["kind"]'),
)
ENUM_OPENED: Final = ChangeRule(
    "SG182",
    "enum-opened",
    "the enum {name} of {event_type} is open now, for {readers}",
    _BOTH,
    why="Readers were promised that no other value comes: they may treat the last one as all that is left.",
    mirror="enum-closed",
    instead="Open it in a new event type, or when every reader can ignore an unknown value.",
    before=_entry(', "closed_enums": ["kind"]'),
    after=_entry(', "closed_enums": []'),
)
WINDOW_CHANGED: Final = ChangeRule(
    "SG183",
    "emission-window-changed",
    "{event_type} version {version} was emitted {old} and is emitted {new}",
    "Make sure that {producer} is ready on the day.",
    level="warning",
    why="Publishers refuse a version outside of its window: services that publish it fail on that day.",
    mirror="emission-window-changed",
    instead="Move the end later rather than earlier, and tell the producer.",
    before=_entry(versions='{"version": 1, "status": "current", "emit_from": "2026-05-01"}'),
    after=_entry(versions='{"version": 1, "status": "current", "emit_from": "2026-06-01"}'),
)
CONTRACT_MOVED: Final = ChangeRule(
    "SG184",
    "contract-moved",
    "{event_type} was in the contract {old} and is in {new}",
    "Make sure that nobody refers to the old place of its schemas.",
    level="warning",
    why="The paths and $id of its schemas change, and with them what outside tools have noted.",
    mirror="contract-moved",
    instead="Move it together with a note to everybody who reads the schema files themselves.",
    before=_entry(),
    after=_entry().replace('"shop"', '"store"'),
)
DOMAIN_ADDED: Final = ChangeRule(
    "SG185",
    "domain-added",
    "the domain {domain} is new",
    _NONE,
    level="notice",
    why="It gets a publisher and a subscriber class of its own.",
    mirror="domain-removed",
    instead="Go on.",
    before='{"domains": [{"name": "sales", "status": "active"}]}',
    after='{"domains": [{"name": "sales", "status": "active"}, {"name": "legal", "status": "active"}]}',
)
DOMAIN_REMOVED: Final = ChangeRule(
    "SG186",
    "domain-removed",
    "the domain {domain} is gone",
    "Put it back, with the status deprecated.",
    why="Stored events of the domain are refused, and its classes are gone from the package.",
    mirror="domain-added",
    instead="Deprecate it with an emit_until, and leave it listed.",
    before='{"domains": [{"name": "sales", "status": "active"}, {"name": "legal", "status": "active"}]}',
    after='{"domains": [{"name": "sales", "status": "active"}]}',
)
DOMAIN_CHANGED: Final = ChangeRule(
    "SG187",
    "domain-changed",
    "the domain {domain} was {old} and is {new}",
    "Make sure that its services know the days.",
    level="warning",
    why="After its emit_until a domain publishes nothing, and its events are refused.",
    mirror="domain-changed",
    instead="Agree on the days with the people of the domain.",
    before='{"domains": [{"name": "sales", "status": "active"}]}',
    after='{"domains": [{"name": "sales", "status": "deprecated"}]}',
)
PREFIX_ADDED: Final = ChangeRule(
    "SG188",
    "id-prefix-added",
    "the id prefix {prefix} is new, for {entity}",
    _NONE,
    level="notice",
    why="Ids with the prefix get a type of their own, which code that passes plain texts has to follow.",
    mirror="id-prefix-removed",
    instead="Go on.",
    before='{"id_prefixes": {}}',
    after='{"id_prefixes": {"per": "person"}}',
)
PREFIX_REMOVED: Final = ChangeRule(
    "SG189",
    "id-prefix-removed",
    "the id prefix {prefix} is gone, for {entity}",
    "Put it back: its id class is gone from the package.",
    why="Code that imports the id class fails, and ids of the kind are plain texts that can be mixed up.",
    mirror="id-prefix-added",
    instead="Leave the prefix listed for as long as any payload has such ids.",
    before='{"id_prefixes": {"per": "person"}}',
    after='{"id_prefixes": {}}',
)
PREFIX_CHANGED: Final = ChangeRule(
    "SG190",
    "id-prefix-changed",
    "the id prefix {prefix} was for {old} and is for {new}",
    "Put it back, or rename every use of the id class.",
    why="The id class has another name, so that code that imports it fails.",
    mirror="id-prefix-changed",
    instead="Leave the name, or rename the class in all services in one step.",
    before='{"id_prefixes": {"per": "person"}}',
    after='{"id_prefixes": {"per": "human"}}',
)
ENVELOPE_MOVED: Final = ChangeRule(
    "SG191",
    "envelope-moved",
    "the envelope was {old} and is {new}",
    "Make sure that every reader knows the new one: it is compared like an edit of the old one.",
    level="warning",
    why="The envelope is around every event; it is closed, and no reader is tolerant of it.",
    mirror="envelope-moved",
    instead="Change payloads rather than the envelope.",
    before='{"envelope": "event-envelope/schema/envelope-v1.json"}',
    after='{"envelope": "event-envelope/schema/envelope-v2.json"}',
)
VERSION_NOT_RAISED: Final = ChangeRule(
    "SG192",
    "registry-version-not-raised",
    "the contracts have changed, and registry_version is {new} after {old}",
    "Raise it: the major part if somebody breaks, the patch if only words differ, else the minor part.",
    why="It is the version of the generated package: two different packages would have the same one.",
    instead="Raise it in the same change.",
    before='{"registry_version": "1.0.0", "id_prefixes": {}}',
    after='{"registry_version": "1.0.0", "id_prefixes": {"per": "person"}}',
)
CHANGELOG_MISSING: Final = ChangeRule(
    "SG193",
    "changelog-entry-missing",
    "the contracts have changed, and {file} has no new entry for registry {version}",
    "Add what has changed, and name registry {version} there.",
    why="Readers learn from the changelog what a release of the package asks of them.",
    instead="Write the entry in the same change.",
    before='{"registry_version": "1.0.0", "id_prefixes": {}}',
    after='{"registry_version": "1.1.0", "id_prefixes": {"per": "person"}}',
)

RULES: Final = (
    EVENT_TYPE_ADDED,
    EVENT_TYPE_REMOVED,
    EVENT_TYPE_RENAMED,
    VERSION_ADDED,
    VERSION_REMOVED,
    STATUS_CHANGED,
    PRODUCER_CHANGED,
    SUBSCRIBER_ADDED,
    SUBSCRIBER_REMOVED,
    SUBJECT_CHANGED,
    ORDERING_KEY_CHANGED,
    ENUM_CLOSED,
    ENUM_OPENED,
    WINDOW_CHANGED,
    CONTRACT_MOVED,
    DOMAIN_ADDED,
    DOMAIN_REMOVED,
    DOMAIN_CHANGED,
    PREFIX_ADDED,
    PREFIX_REMOVED,
    PREFIX_CHANGED,
    ENVELOPE_MOVED,
    VERSION_NOT_RAISED,
    CHANGELOG_MISSING,
)
