"""Sample findings that use every field, and text that no format may take for its own."""

from typing import Any

from sguild_codegen.report.finding import Finding, Place, Witness
from sguild_codegen.report.rules import Level, Rule

REMOVED = Rule(
    "SG901",
    "property-removed",
    "the property {name} is gone",
    "{suggestion}Publish a new version: {readers} go on with the old one.",
    why="Readers of the old version may need it.",
)
GROWN = Rule("SG902", "enum-grown", "the enum got {value}", "Tell the readers.", level="notice")
UNWISE = Rule("SG903", "unbounded-text", "nothing bounds {name}", "Add maxLength.", level="warning")

PATH = "contracts/lead-lifecycle/schema/payloads/lead.created-v1.json"

# What a terminal, a CI server, XML or Markdown would act on.
HOSTILE = (
    "::error::\x1b[2J\r\n\u202e\u2028\ud800%0A\x00",
    "]]></failure><testcase name='x'/>&amp;&#0;\ufffe\x0b",
    "</code></pre></details><script>alert(1)</script><img src=https://evil.example/beacon.png>",
    "![b](https://evil.example/b.png) [click](javascript:alert) <https://evil.example> www.evil.example",
    "@everyone a@evil.example #1 GH-1 owner/repo#1 deadbeef0 deadbee 12345678 :tada: https://evil.example",
    "| a | b |\n|---|---|\n| `c` | \\| |",
    "```\n~~~\n</details>\n# heading\n* list\n1. list\n> quote\n---\n<!-- comment",
    "`` ` ``` \\` *a* _b_ ~~c~~ $x$ [^1]: {0} {{1}} [a](1)",
    "    indented\ttext  ",
    "",
)


def finding(**changes: object) -> Finding:
    """Return a finding of an error at a place, without the fields that only some findings have."""
    values: dict[str, Any] = {
        "rule": REMOVED,
        "path": PATH,
        "message": 'the property "phone" is gone from lead.created version 1',
        "help": "Publish version 2: sales and coaching go on with version 1.",
        "line": 14,
        "column": 5,
        "length": 13,
        "pointer": "/properties/person_id",
        "source": '    "person_id": {"$ref": "#/$defs/person_id"},',
    }
    return Finding(**{**values, **changes})


def breaking(**changes: object) -> Finding:
    """Return a finding with every field: who is hit, the proof, and the place in the old version."""
    values: dict[str, Any] = {
        "subject": "lead.created",
        "audience": ("sales", "coaching"),
        "witness": Witness(
            document={"lead_id": "led_01j9", "phone": None, "tags": ["a", 1.5, True]},
            accepted_by="version 1 on origin/main",
            refused_by="version 1 here",
        ),
        "related": (
            Place(
                path=PATH,
                message="before",
                line=12,
                column=5,
                pointer="/properties/phone",
                source='    "phone": {"type": "string", "maxLength": 40},',
            ),
        ),
    }
    return finding(**{**values, **changes})


def samples() -> tuple[Finding, ...]:
    """Return findings of each level, with and without a place, an event type, people and a witness."""
    notice: Level = "notice"
    return (
        breaking(),
        finding(rule=UNWISE, message='nothing bounds "note"', help="Add maxLength.", line=20, source=None),
        finding(rule=GROWN, message='the enum got "web"', help="Tell the readers.", subject="lead.created"),
        breaking(
            own_level=notice,
            subject="credit.locked",
            witness=Witness(document=None, accepted_by="the old", refused_by="the new"),
        ),
        finding(
            path="contracts/event-types-registry.json", line=None, column=None, source=None, pointer=None
        ),
    )


def hostile(text: str) -> Finding:
    """Return a finding with one text in all of its fields that can hold any."""
    return Finding(
        rule=REMOVED,
        path=text,
        message=text,
        help=text,
        line=1,
        column=1,
        pointer=text,
        source=text,
        subject=text,
        audience=(text, text),
        witness=Witness(document={text: [text]}, accepted_by=text, refused_by=text),
        proposal=text,
        related=(Place(path=text, message=text, line=1, column=1, pointer=text, source=text),),
    )
