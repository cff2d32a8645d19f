"""What is found about a pair, with what a waiver has to name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sguild_codegen.changes.editing import edit_findings
from sguild_codegen.changes.pairs import Pair
from sguild_codegen.changes.policies import Judging
from sguild_codegen.changes.verdicts import Judgement
from sguild_codegen.compat.edits import same
from sguild_codegen.report.finding import Finding


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and the SHA-256 of the two schemas (or registries) that it is about: what a waiver names."""

    finding: Finding
    digests: tuple[str, str]


def judged_pair(pair: Pair, judging: Judging, say: Callable[[str], None]) -> Iterator[Judged]:
    """Yield the findings about a pair; ``say`` gets its verdicts in one line. Equal schemas have none."""
    if same(pair.old.schema, pair.new.schema):
        return
    judgement = Judgement.of(pair)
    if judgement.edits or not judgement.is_clean:
        say(judgement.summary(judging.lens))
    digests = pair.digests
    for each in (*judgement.findings(judging), *edit_findings(judgement, judging)):
        yield Judged(each, digests)
