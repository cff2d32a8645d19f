"""Bad input as data: what to change in the minimal tree, and the finding that has to follow."""

from dataclasses import dataclass, field

REGISTRY = "event-types-registry.json"
PAYLOAD = "shop/schema/payloads/order.placed-v1.json"
ENVELOPE = "event-envelope/schema/envelope-v1.json"
AMOUNT = '"amount": { "type": "integer", "minimum": 1 }'


@dataclass(frozen=True)
class Case:
    """``edits`` replace a text in a file once; ``files`` write or (``None``) delete a whole file."""

    name: str
    rule: str
    place: str
    edits: tuple[tuple[str, str, str], ...] = ()
    files: dict[str, str | bytes | None] = field(default_factory=dict)
    code: int = 1


def payload(name: str, rule: str, place: str, old: str, new: str, *, code: int = 1) -> Case:
    return Case(name, rule, f"{PAYLOAD}:{place}", ((PAYLOAD, old, new),), code=code)


def registry(name: str, rule: str, place: str, old: str, new: str, *, code: int = 1) -> Case:
    return Case(name, rule, f"{REGISTRY}:{place}", ((REGISTRY, old, new),), code=code)


def amount(name: str, rule: str, column: int, new: str, *, code: int = 1) -> Case:
    """Replace the schema of the property amount, which stands in line 10."""
    return payload(name, rule, f"10:{column}", AMOUNT, f'"amount": {new}', code=code)


JSON_TEXT = [
    payload("comment", "SG006", "2:3", '  "$schema"', '  // the dialect\n  "$schema"', code=2),
    payload("missing-comma", "SG006", "12:15", '"$defs": {}', '"$defs": {} "x": 1', code=2),
    payload("two-documents", "SG006", "14:1", '"$defs": {}\n}\n', '"$defs": {}\n}\n{}', code=2),
    payload("duplicate-key", "SG008", "12:3", '"$defs"', '"title"', code=2),
    amount("duplicate-key-by-escape", "SG008", 44, '{ "type": "integer", "m": 1, "\\u006d": 1 }', code=2),
    amount("nan", "SG009", 37, '{ "type": "x", "max": NaN }', code=2),
    amount("minus-infinity", "SG009", 37, '{ "type": "x", "max": -Infinity }', code=2),
    amount("float-overflow", "SG009", 37, '{ "type": "x", "max": 1e400 }', code=2),
    amount("integer-beyond-2-53", "SG010", 37, '{ "type": "x", "max": 9007199254740993 }', code=2),
    amount("integer-of-5000-digits", "SG010", 37, '{ "type": "x", "max": ' + "9" * 5000 + " }", code=2),
    amount("lone-surrogate", "SG011", 39, '{ "type": "x", "title": "\\ud800" }', code=2),
    amount("lone-surrogate-in-key", "SG011", 17, '{ "\\udc00": true }', code=2),
    amount("too-deep", "SG007", 15 + 62, "[" * 70 + "]" * 70, code=2),
    Case("byte-order-mark", "SG004", f"{PAYLOAD}:1:1", files={PAYLOAD: b"\xef\xbb\xbf{}"}, code=2),
    Case("not-utf-8", "SG003", f"{PAYLOAD}:1:10", files={PAYLOAD: b'{"title":\xff"}'}, code=2),
    Case("utf-16", "SG003", f"{PAYLOAD}:1:1", files={PAYLOAD: "{}".encode("utf-16")}, code=2),
    Case("empty-file", "SG006", f"{PAYLOAD}:1:1", files={PAYLOAD: b""}, code=2),
    Case(
        "yaml", "SG006", f"{PAYLOAD}:1:1", files={PAYLOAD: "a: !!python/object/apply:os.system [id]"}, code=2
    ),
    Case("too-large", "SG005", f"{PAYLOAD}:1:1", files={PAYLOAD: '"' + "a" * 2_000_000 + '"'}, code=2),
    Case(
        "nesting-of-200000",
        "SG007",
        f"{PAYLOAD}:1:65",
        files={PAYLOAD: "[" * 200_000 + "]" * 200_000},
        code=2,
    ),
    Case("registry-is-no-json", "SG006", f"{REGISTRY}:1:1", files={REGISTRY: "nothing"}, code=2),
    Case("registry-is-missing", "SG001", f"{REGISTRY}:1:1", files={REGISTRY: None}, code=2),
]

THE_REGISTRY = [
    Case("registry-is-a-list", "SG020", f"{REGISTRY}:1:1", files={REGISTRY: "[]"}),
    registry("missing-key", "SG022", "9:5", '      "producer": "sales",\n', ""),
    registry("unknown-key", "SG021", "13:7", '"subscribers"', '"subscriber"'),
    registry("version-is-a-number", "SG020", "2:23", '"1.0.0"', "1"),
    registry("version-is-no-version", "SG035", "2:23", '"1.0.0"', '"v1"'),
    registry("envelope-outside", "SG031", "3:15", "event-envelope/schema", "../secrets"),
    registry("envelope-absolute", "SG031", "3:15", "event-envelope/schema", "/etc"),
    registry("envelope-missing", "SG032", "3:15", "envelope-v1", "envelope-v2"),
    registry("event-type-absolute", "SG023", "10:21", "order.placed", "/etc/order.placed"),
    registry("event-type-upper-case", "SG023", "10:21", "order.placed", "Order.placed"),
    registry("event-type-dunder", "SG023", "10:21", "order.placed", "__init__.placed"),
    registry("event-type-leading-digit", "SG023", "10:21", "order.placed", "2fa.enabled"),
    registry("event-type-one-word", "SG023", "10:21", "order.placed", "order"),
    registry("event-type-not-ascii", "SG023", "10:21", "order.placed", "örder.placed"),
    registry("event-type-too-long", "SG023", "10:21", "order.placed", "order." + "a" * 300),
    registry("event-type-trailing-newline", "SG023", "10:21", "order.placed", "order.placed\\n"),
    registry("contract-outside", "SG023", "11:19", '"shop"', '"../shop"'),
    registry("unknown-producer", "SG026", "12:19", '"producer": "sales"', '"producer": "sale"'),
    registry("unknown-subscriber", "SG026", "13:23", '["sales"]', '["growth"]'),
    registry("subscriber-twice", "SG024", "13:32", '["sales"]', '["sales", "sales"]'),
    registry("subscriber-no-text", "SG020", "13:23", '["sales"]', "[1]"),
    registry(
        "domain-twice",
        "SG024",
        "6:15",
        '"active" }',
        '"active" },\n    { "name": "sales", "status": "active" }',
    ),
    registry("domain-name", "SG023", "5:15", '"name": "sales"', '"name": "sales-team"'),
    registry("domain-status", "SG028", "5:34", '"status": "active"', '"status": "activ"'),
    registry("prefix", "SG023", "7:20", '"ord":', '"Ord-":'),
    registry("entity", "SG023", "7:27", '"order" }', '"order;id" }'),
    registry("entity-twice", "SG024", "7:44", '"order" }', '"order", "orde": "order" }'),
    registry("version-text", "SG027", "16:22", '"version": 1', '"version": "1"'),
    registry("version-zero", "SG027", "16:22", '"version": 1', '"version": 0'),
    registry("version-fraction", "SG027", "16:22", '"version": 1', '"version": 1.5'),
    registry("version-boolean", "SG027", "16:22", '"version": 1', '"version": true'),
    registry("version-status", "SG028", "16:35", '"current"', '"curent"'),
    registry("no-current-version", "SG029", "15:19", '"current"', '"withdrawn"'),
    registry("no-version", "SG029", "15:19", '{ "version": 1, "status": "current" }', ""),
    registry("day", "SG030", "16:59", '"current"', '"current", "emit_from": "2026-02-30"'),
    registry(
        "window",
        "SG030",
        "16:87",
        '"current"',
        '"current", "emit_from": "2026-02-02", "emit_until": "2026-02-02"',
    ),
    registry(
        "version-without-file",
        "SG032",
        "17:9",
        '"current" }',
        '"superseded" },\n        { "version": 2, "status": "current" }',
    ),
    Case(
        "file-without-entry",
        "SG033",
        "shop/schema/payloads/order.lost-v1.json:1:1",
        files={"shop/schema/payloads/order.lost-v1.json": "{}"},
    ),
    Case("hidden-file", "SG033", "shop/.order.json:1:1", files={"shop/.order.json": "{}"}),
]

KEYWORDS = [
    amount("typo", "SG040", 36, '{ "type": "integer", "minimun": 1 }'),
    amount("extension", "SG040", 17, '{ "customTypePath": "os.system" }'),
    amount("older-draft", "SG040", 17, '{ "definitions": {} }'),
    amount("dynamic", "SG041", 17, '{ "$dynamicRef": "#x" }'),
    amount("type-typo", "SG042", 25, '{ "type": "intger" }'),
    amount("type-twice", "SG042", 37, '{ "type": ["integer", "integer"] }'),
    amount("schema-is-a-text", "SG042", 15, '"integer"'),
    amount("bound-is-a-text", "SG042", 47, '{ "type": "integer", "minimum": "1" }'),
    amount("negative-length", "SG042", 48, '{ "type": "string", "maxLength": -1 }'),
    amount("multiple-of-zero", "SG042", 50, '{ "type": "integer", "multipleOf": 0 }'),
    amount("empty-enum", "SG042", 25, '{ "enum": [] }'),
    amount("empty-any-of", "SG042", 26, '{ "anyOf": [] }'),
    amount("enum-value-twice", "SG060", 29, '{ "enum": [1, 1.0] }'),
    amount("minimum-above-maximum", "SG049", 28, '{ "minimum": 2, "maximum": 1 }'),
    amount("format", "SG059", 45, '{ "type": "string", "format": "datetime" }'),
    amount("inner-dialect", "SG043", 28, '{ "$schema": "https://json-schema.org/draft/2020-12/schema-x" }'),
    payload("dialect", "SG043", "2:14", "draft/2020-12/schema", "draft/2019-09/schema"),
    payload(
        "no-dialect", "SG043", "1:1", '  "$schema": "https://json-schema.org/draft/2020-12/schema",\n', ""
    ),
    payload("id-of-another-place", "SG044", "3:10", "order.placed-v1", "order.placed-v2"),
    payload(
        "no-id",
        "SG044",
        "1:1",
        '  "$id": "https://contracts.sguild/shop/schema/payloads/order.placed-v1.json",\n',
        "",
    ),
    payload("id-with-newline", "SG042", "3:10", "order.placed-v1", "order.placed\\n-v1"),
    payload("root-is-an-array", "SG045", "5:11", '"type": "object"', '"type": "array"'),
    payload("required-unknown", "SG048", "7:16", '["order_id"]', '["order_ids"]'),
    payload("required-twice", "SG042", "7:28", '["order_id"]', '["order_id", "order_id"]'),
    payload(
        "dependent-required-unknown",
        "SG048",
        "12:26",
        '"$defs": {}',
        '"dependentRequired": { "lost": ["amount"] }',
    ),
    payload(
        "then-required-unknown",
        "SG048",
        "12:38",
        '"$defs": {}',
        '"if": true, "then": { "required": ["lost"] }',
    ),
    payload("property-with-newline", "SG046", "10:5", '"amount"', '"a\\nb"'),
    payload("property-template", "SG046", "10:5", '"amount"', '"{{ 7*7 }}"'),
    payload("property-homoglyph", "SG046", "10:5", '"amount"', '"\\u0430mount"'),
    payload("property-empty", "SG046", "10:5", '"amount"', '""'),
    payload("property-too-long", "SG046", "10:5", '"amount"', '"' + "a" * 200 + '"'),
    payload("definition-name", "SG046", "12:13", '"$defs": {}', '"$defs": {"a b": true}'),
    payload("title-with-newline", "SG047", "4:12", "order.placed payload", "order\\nplaced"),
    payload("bidirectional-title", "SG047", "4:12", "order.placed payload", "order \\u202e placed"),
    payload("escape-in-comment", "SG047", "12:15", '"$defs": {}', '"$comment": "\\u001b[2J"'),
    Case("envelope-without-tenant", "SG061", f"{ENVELOPE}:15:3", ((ENVELOPE, '    "tenant_id",\n', ""),)),
]

PATTERNS = [
    amount(name, rule, 28, f'{{ "pattern": "{pattern}" }}')
    for name, rule, pattern in [
        ("unbalanced", "SG050", "("),
        ("trailing-backslash", "SG050", "a\\\\"),
        ("range-out-of-order", "SG050", "[b-a]"),
        ("nothing-to-repeat", "SG050", "*a"),
        ("repeat-out-of-order", "SG050", "a{2,1}"),
        ("look-ahead", "SG051", "(?=a)"),
        ("look-behind", "SG051", "(?<!a)b"),
        ("back-reference", "SG051", "(a)\\\\1"),
        ("inline-flag", "SG051", "(?i)a"),
        ("named-group", "SG051", "(?<year>a)"),
        ("unicode-class", "SG051", "\\\\p{L}"),
        ("word-boundary", "SG051", "\\\\ba"),
        ("empty-class", "SG051", "[]"),
        ("huge-repeat", "SG052", "a{1,100000000}"),
        ("nested-repeats", "SG052", "((a{1,999}){1,999}){1,999}"),
        ("long-pattern", "SG052", "a" * 2000),
        ("deep-groups", "SG052", "(" * 100 + ")" * 100),
    ]
]

REFERENCES = [
    amount(name, rule, 25, f'{{ "$ref": {reference} }}')
    for name, rule, reference in [
        ("http", "SG054", '"http://169.254.169.254/latest"'),
        ("ipv6", "SG054", '"http://[::ffff:127.0.0.1]:9/x.json"'),
        ("broken-ipv6", "SG054", '"http://[::1/x.json"'),
        ("file-uri", "SG054", '"file:///etc/passwd"'),
        ("absolute-path", "SG054", '"/etc/passwd"'),
        ("network-path", "SG054", '"//host/x.json"'),
        ("traversal", "SG054", '"../../../../outside.json"'),
        ("escaped-traversal", "SG053", '"%2e%2e/%2e%2e/%2e%2e/%2e%2e/x.json"'),
        ("missing-file", "SG053", '"lost.json"'),
        ("no-json-file", "SG053", '"notes.txt"'),
        ("registry", "SG053", '"../../../event-types-registry.json"'),
        ("missing-definition", "SG053", '"#/$defs/lost"'),
        ("missing-anchor", "SG053", '"#lost"'),
        ("text", "SG055", '"#/title"'),
        ("number", "SG042", "7"),
    ]
] + [
    amount("itself", "SG056", 5, '{ "$ref": "#/properties/amount" }'),
]

CASES = [*JSON_TEXT, *THE_REGISTRY, *KEYWORDS, *PATTERNS, *REFERENCES]
