"""What a comparison proves, and what the tool is asked to let pass all the same."""

from typing import Final

from sguild_codegen.report.change_rules.change_rule import ChangeRule

BACKWARD_BREAK: Final = ChangeRule(
    "SG101",
    "backward-break",
    "{people}",
    "{way_out}",
    why="Backward means that readers of the new schema meet old events: stored ones, replayed ones, those "
    "still on their way. The witness is an event that the old schema allows and readers of the new one "
    "refuse; two validators say so.",
    mirror="forward-break",
    effect="narrows",
    instead="Between two versions an up-adapter supplies what old events lack, so the default policy notes "
    "it. Where old events have to be read as they are, set the policy BACKWARD or FULL, and leave new "
    "properties optional.",
    before='{"type": "object", "properties": {"id": {"type": "string"}}}',
    after='{"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}',
)
FORWARD_BREAK: Final = ChangeRule(
    "SG102",
    "forward-break",
    "{people}",
    "{way_out}",
    why="Forward means that readers of the old schema meet new events, which happens as soon as the first is "
    "published: readers move on later than writers. The witness is an event that the new schema allows and "
    "readers of the old one refuse; two validators say so.",
    mirror="backward-break",
    effect="widens",
    instead="Keep what readers of the old version count on, and add beside it. When all have moved on, "
    "withdraw the old version; the next one has nobody to break.",
    before='{"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}',
    after='{"type": "object", "properties": {"id": {"type": "string"}}}',
)
EXACT_BACKWARD_BREAK: Final = ChangeRule(
    "SG103",
    "exact-backward-break",
    "only exact readers break: {people}",
    "{way_out}",
    level="notice",
    why="Readers that follow the additive discipline ignore unknown properties and unknown values of open "
    "enums, and go on working. A validator that applies the schema to the letter refuses the event.",
    mirror="exact-forward-break",
    effect="narrows",
    instead="Readers use the generated models as tolerant ones, or set --lens strict to judge exact ones.",
    before='{"additionalProperties": false, "properties": {"id": true, "note": true}}',
    after='{"additionalProperties": false, "properties": {"id": true}}',
)
EXACT_FORWARD_BREAK: Final = ChangeRule(
    "SG104",
    "exact-forward-break",
    "only exact readers break: {people}",
    "{way_out}",
    level="notice",
    why=EXACT_BACKWARD_BREAK.why,
    mirror="exact-backward-break",
    effect="widens",
    instead=EXACT_BACKWARD_BREAK.instead,
    before='{"additionalProperties": false, "properties": {"id": true}}',
    after='{"additionalProperties": false, "properties": {"id": true, "note": true}}',
)
BACKWARD_UNDECIDED: Final = ChangeRule(
    "SG105",
    "backward-undecided",
    "whether readers of {new} take all of {old} is not decided: {reason}",
    "Look at the edits yourself; --allow-undecided lets it pass, a waiver lets only this pair pass.",
    why="The prover does not handle a keyword, two judges disagree, or time is up. The tool says so rather "
    "than guess, and counts it as a break.",
    mirror="forward-undecided",
    effect="narrows",
    instead="Say the same with other keywords, or take the change apart into steps that can be proven.",
    before='{"$dynamicRef": "#meta"}',
    after='{"$dynamicRef": "#other"}',
)
FORWARD_UNDECIDED: Final = ChangeRule(
    "SG106",
    "forward-undecided",
    "whether readers of {old} take all of {new} is not decided: {reason}",
    "Look at the edits yourself; --allow-undecided lets it pass, a waiver lets only this pair pass.",
    why=BACKWARD_UNDECIDED.why,
    mirror="backward-undecided",
    effect="widens",
    instead=BACKWARD_UNDECIDED.instead,
    before='{"$dynamicRef": "#meta"}',
    after='{"$dynamicRef": "#other"}',
)
STALE_WAIVER: Final = ChangeRule(
    "SG107",
    "stale-waiver",
    "the waiver of {name} at {pointer} lets nothing pass",
    "Delete it from pyproject.toml.",
    level="warning",
    why="A waiver is for one rule, one place and one pair of schemas. When either changes, or the finding is "
    "gone, it says nothing any more, and nobody should think that it does.",
    instead="Delete waivers together with the merge that needed them.",
)
EXPIRED_WAIVER: Final = ChangeRule(
    "SG108",
    "expired-waiver",
    "the waiver of {name} at {pointer} ended on {day}",
    "Do what its reason promised, or agree on another day.",
    why="A waiver buys time. Without an end it becomes a rule that nobody wrote down.",
    instead="Give a waiver the day by which the readers have moved on.",
)

RULES: Final = (
    BACKWARD_BREAK,
    FORWARD_BREAK,
    EXACT_BACKWARD_BREAK,
    EXACT_FORWARD_BREAK,
    BACKWARD_UNDECIDED,
    FORWARD_UNDECIDED,
    STALE_WAIVER,
    EXPIRED_WAIVER,
)
