"""An example of each rule of ``lint``: what is sound, and what the rule finds.

An example is members of a JSON object (of a TOML table for the settings); ``place`` says of which one. The
tests put each one there, run the command, and wait for the rule to find the one and nothing in the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from sguild_codegen.report import lint_rules
from sguild_codegen.report.pages import Page
from sguild_codegen.report.rules import Rule

Where: TypeAlias = Literal["properties", "payload", "shared", "entry", "registry", "envelope", "settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LintPage(Page):
    """The page of a rule; ``mends`` tells whether ``--fix`` makes the one of the other."""

    place: Where
    mends: bool = False


def _page(rule: Rule, place: Where, bad: str, good: str, *, mends: bool = False) -> LintPage:
    return LintPage(rule=rule, before=good, after=bad, labels=("sound", "found"), place=place, mends=mends)


_LEGACY_ENTRY: Final = '"event_type": "order.placed", "contract": "shop", "subscribers": ["support"]'
_LISTED: Final = (
    # Names.
    _page(
        lint_rules.NAME_CASE,
        "properties",
        '"giftNote": {"type": "string", "maxLength": 200, "description": "Printed on the card."}',
        '"gift_note": {"type": "string", "maxLength": 200, "description": "Printed on the card."}',
    ),
    _page(
        lint_rules.PAYLOAD_TITLE,
        "payload",
        '"title": "order.paid payload v1"',
        '"title": "order.placed payload v1"',
        mends=True,
    ),
    _page(
        lint_rules.SHARED_ID,
        "shared",
        '"$id": "https://contracts.sguild/address.json"',
        '"$id": "https://contracts.sguild/shop/schema/address.json"',
        mends=True,
    ),
    _page(
        lint_rules.LOOK_ALIKE_VALUES,
        "properties",
        '"channel": {"enum": ["web_form", "web-form"], "description": "How the order comes in."}',
        '"channel": {"enum": ["web_form", "phone"], "description": "How the order comes in."}',
    ),
    # Documentation.
    _page(
        lint_rules.EVENT_UNDESCRIBED,
        "payload",
        '"description": ""',
        '"description": "A customer places an order, which support can cancel for an hour."',
    ),
    _page(
        lint_rules.PROPERTY_UNDESCRIBED,
        "properties",
        '"weight": {"type": "integer"}',
        '"weight": {"type": "integer", "description": "Weight of the parcel in grams, 0 if unknown."}',
    ),
    _page(
        lint_rules.DEFINITION_UNDESCRIBED,
        "payload",
        '"$defs": {"line": {"type": "object", "additionalProperties": false}},'
        ' "not": {"$ref": "#/$defs/line"}',
        '"$defs": {"line": {"type": "object", "additionalProperties": false,'
        ' "description": "One position of the order."}}, "not": {"$ref": "#/$defs/line"}',
    ),
    _page(
        lint_rules.IDLE_DESCRIPTION,
        "properties",
        '"weight": {"type": "integer", "description": "The weight."}',
        '"weight": {"type": "integer", "description": "Weight of the parcel in grams."}',
    ),
    # Shapes.
    _page(
        lint_rules.OPEN_OBJECT,
        "properties",
        '"size": {"type": "object", "description": "In millimetres.",'
        ' "properties": {"height": {"type": "integer", "description": "Height, upright."}}}',
        '"size": {"type": "object", "description": "In millimetres.", "additionalProperties": false,'
        ' "properties": {"height": {"type": "integer", "description": "Height, upright."}}}',
    ),
    _page(
        lint_rules.UNTYPED_VALUE,
        "properties",
        '"extra": {"description": "What the shop system knows beside."}',
        '"extra": {"type": "integer", "description": "Number of extra parcels."}',
    ),
    _page(
        lint_rules.TIMESTAMP_FORMAT,
        "properties",
        '"paid_at": {"type": "string", "maxLength": 40, "description": "When the bank reports it."}',
        '"paid_at": {"type": "string", "format": "date-time"}',
    ),
    _page(
        lint_rules.ID_PATTERN,
        "properties",
        '"customer_id": {"type": "string", "maxLength": 64, "description": "Who orders."}',
        '"customer_id": {"type": "string", "pattern":'
        ' "^cus_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"}',
    ),
    _page(
        lint_rules.UNREGISTERED_PREFIX,
        "properties",
        '"parcel_id": {"type": "string", "description": "Parcel of the order.", "pattern":'
        ' "^prc_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"}',
        '"parent_order_id": {"type": "string", "description": "Order that this one adds to.", "pattern":'
        ' "^ord_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"}',
    ),
    _page(
        lint_rules.UNBOUNDED_STRING,
        "properties",
        '"gift_note": {"type": "string", "pattern": "^[A-Z]", "description": "Printed on the card."}',
        '"gift_note": {"type": "string", "pattern": "^[A-Z]", "maxLength": 200,'
        ' "description": "Printed on the card."}',
    ),
    _page(
        lint_rules.UNBOUNDED_ARRAY,
        "properties",
        '"quantities": {"type": "array", "items": {"type": "integer"}, "description": "Pieces a line."}',
        '"quantities": {"type": "array", "items": {"type": "integer"}, "maxItems": 100,'
        ' "description": "Pieces a line."}',
    ),
    _page(
        lint_rules.UNBOUNDED_MAP,
        "properties",
        '"stock": {"type": "object", "additionalProperties": {"type": "integer"},'
        ' "description": "Pieces by warehouse."}',
        '"stock": {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 50,'
        ' "description": "Pieces by warehouse."}',
    ),
    _page(
        lint_rules.REQUIRED_DEFAULT,
        "properties",
        '"coupon_code": {"type": "string", "maxLength": 20, "description": "Empty for none.", "default": ""}',
        '"coupon_code": {"type": "string", "maxLength": 20, "description": "Empty for none."}',
        mends=True,
    ),
    _page(
        lint_rules.SINGLE_VALUE,
        "properties",
        '"kind": {"enum": ["order"], "description": "Tells orders from offers."}',
        '"kind": {"const": "order", "description": "Tells orders from offers."}',
        mends=True,
    ),
    # The registry.
    _page(
        lint_rules.NO_ID_PREFIXES,
        "registry",
        '"id_prefixes": {}',
        '"id_prefixes": {"ord": "order", "cus": "customer", "evt": "event"}',
    ),
    _page(
        lint_rules.NO_SUBJECT,
        "entry",
        f'{_LEGACY_ENTRY}, "ordering_key": "order_id"',
        f'{_LEGACY_ENTRY}, "subject": "order_id", "ordering_key": "order_id"',
    ),
    _page(lint_rules.OPTIONAL_KEY, "entry", '"subject": "customer_id"', '"subject": "order_id"'),
    _page(
        lint_rules.NO_ORDERING_KEY,
        "entry",
        _LEGACY_ENTRY,
        f'{_LEGACY_ENTRY}, "subject": "order_id"',
    ),
    _page(lint_rules.KEY_DIFFERS, "entry", '"ordering_key": "coupon_code"', '"ordering_key": "order_id"'),
    _page(lint_rules.SUBJECT_REFUSED, "entry", '"subject": "coupon_code"', '"subject": "order_id"'),
    _page(
        lint_rules.UNLISTED_PRODUCER,
        "envelope",
        '"producer": {"enum": ["sales", "growth"], "description": "Who publishes."}',
        '"producer": {"enum": ["sales", "support"], "description": "Who publishes."}',
    ),
    _page(lint_rules.PRODUCER_REFUSED, "entry", '"producer": "support"', '"producer": "sales"'),
    _page(lint_rules.DEPRECATED_PRODUCER, "entry", '"producer": "legacy"', '"producer": "sales"'),
    _page(lint_rules.NO_SUBSCRIBERS, "entry", '"subscribers": []', '"subscribers": ["support"]'),
    # Versions and windows; the day is 2030-01-01.
    _page(
        lint_rules.VERSION_GAP,
        "entry",
        '"versions": [{"version": 2, "status": "current"}]',
        '"versions": [{"version": 1, "status": "withdrawn"}, {"version": 2, "status": "current"}]',
    ),
    _page(
        lint_rules.OVERLAPPING_WINDOWS,
        "entry",
        '"versions": [{"version": 1, "status": "superseded"},'
        ' {"version": 2, "status": "current", "emit_from": "2030-05-01"}]',
        '"versions": [{"version": 1, "status": "superseded", "emit_until": "2030-05-01"},'
        ' {"version": 2, "status": "current", "emit_from": "2030-05-01"}]',
    ),
    _page(
        lint_rules.WINDOW_GAP,
        "entry",
        '"versions": [{"version": 1, "status": "superseded", "emit_until": "2030-05-01"},'
        ' {"version": 2, "status": "current", "emit_from": "2030-06-01"}]',
        '"versions": [{"version": 1, "status": "superseded", "emit_until": "2030-05-01"},'
        ' {"version": 2, "status": "current", "emit_from": "2030-05-01"}]',
    ),
    _page(
        lint_rules.EMISSION_ENDS,
        "entry",
        '"versions": [{"version": 1, "status": "current", "emit_until": "2030-01-31"}]',
        '"versions": [{"version": 1, "status": "current", "emit_until": "2030-02-01"}]',
    ),
    _page(
        lint_rules.HANDOVER_SOON,
        "entry",
        '"versions": [{"version": 1, "status": "superseded", "emit_until": "2030-01-31"},'
        ' {"version": 2, "status": "current", "emit_from": "2030-01-31"}]',
        '"versions": [{"version": 1, "status": "superseded", "emit_until": "2030-02-01"},'
        ' {"version": 2, "status": "current", "emit_from": "2030-02-01"}]',
    ),
    # Reachability.
    _page(
        lint_rules.UNREACHABLE_DEFINITION,
        "payload",
        '"$defs": {"weight": {"type": "integer"}}',
        '"description": "A customer places an order."',
        mends=True,
    ),
    # Contradictions.
    _page(
        lint_rules.ACCEPTS_NOTHING,
        "properties",
        '"pieces": {"type": "integer", "minimum": 1, "exclusiveMaximum": 2, "multipleOf": 2,'
        ' "description": "Pieces of all lines."}',
        '"pieces": {"type": "integer", "minimum": 1, "exclusiveMaximum": 3, "multipleOf": 2,'
        ' "description": "Pieces of all lines."}',
    ),
    _page(
        lint_rules.REQUIRED_IMPOSSIBLE,
        "payload",
        '"properties": {"order_id": false}, "required": ["order_id"]',
        '"required": ["order_id", "coupon_code"]',
    ),
    _page(
        lint_rules.DEAD_BRANCH,
        "properties",
        '"pieces": {"type": "integer", "description": "Pieces of all lines.",'
        ' "anyOf": [{"minimum": 1}, {"type": "null"}]}',
        '"pieces": {"type": ["integer", "null"], "description": "Pieces of all lines, null if unknown.",'
        ' "anyOf": [{"minimum": 1}, {"type": "null"}]}',
    ),
    _page(
        lint_rules.IDLE_CONDITION,
        "properties",
        '"pieces": {"type": "integer", "maximum": 9, "description": "Pieces of all lines.",'
        ' "if": {"minimum": 10}, "then": {"multipleOf": 10}}',
        '"pieces": {"type": "integer", "maximum": 90, "description": "Pieces of all lines.",'
        ' "if": {"minimum": 10}, "then": {"multipleOf": 10}}',
    ),
    _page(
        lint_rules.REFUSED_EXAMPLE,
        "properties",
        '"pieces": {"type": "integer", "minimum": 1, "examples": [0], "description": "Pieces in all."}',
        '"pieces": {"type": "integer", "minimum": 1, "examples": [1], "description": "Pieces in all."}',
    ),
    _page(
        lint_rules.DEAD_VALUE,
        "properties",
        '"locale": {"enum": ["en", "english"], "maxLength": 2, "description": "Language of the shop."}',
        '"locale": {"enum": ["en", "de"], "description": "Language of the shop."}',
    ),
    _page(
        lint_rules.LEFT_OPEN,
        "properties",
        '"mail": {"type": "string", "format": "email", "minLength": 300, "maxLength": 320,'
        ' "description": "Where to write to."}',
        '"mail": {"type": "string", "format": "email", "maxLength": 254, "description": "For bills."}',
    ),
    # Redundancy.
    _page(
        lint_rules.FOREIGN_KEYWORD,
        "properties",
        '"pieces": {"type": "integer", "minLength": 1, "description": "Pieces in all."}',
        '"pieces": {"type": "integer", "description": "Pieces in all."}',
        mends=True,
    ),
    _page(
        lint_rules.IMPLIED_BOUND,
        "properties",
        '"pieces": {"type": "integer", "minimum": 0, "exclusiveMinimum": 0, "description": "In all."}',
        '"pieces": {"type": "integer", "exclusiveMinimum": 0, "description": "In all."}',
        mends=True,
    ),
    _page(
        lint_rules.IDLE_BESIDE_VALUES,
        "properties",
        '"locale": {"enum": ["en", "de"], "maxLength": 9, "description": "Language of the shop."}',
        '"locale": {"enum": ["en", "de"], "description": "Language of the shop."}',
        mends=True,
    ),
    _page(
        lint_rules.IDLE_KEYWORD,
        "properties",
        '"code": {"type": "string", "minLength": 0, "maxLength": 9, "description": "Code of the till."}',
        '"code": {"type": "string", "maxLength": 9, "description": "Code of the till."}',
        mends=True,
    ),
    _page(
        lint_rules.REPEATED_BRANCH,
        "properties",
        '"pieces": {"description": "In all.", "anyOf": [{"type": "integer"}, {"type": "integer"}]}',
        '"pieces": {"description": "In all.", "anyOf": [{"type": "integer"}, {"type": "null"}]}',
    ),
    # Settings.
    _page(
        lint_rules.UNUSED_IGNORE,
        "settings",
        'ignore = [{ rule = "open-object", event_type = "order.gone", reason = "kept for an old reader" }]',
        "ignore = []",
    ),
)

RULES: Final = tuple(each.rule for each in _LISTED)
PAGES: Final[Mapping[str, LintPage]] = MappingProxyType({each.rule.id: each for each in _LISTED})
