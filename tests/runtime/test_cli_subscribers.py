import json
import re

import pytest

from operation_kit import Run


@pytest.mark.usefixtures("configured")
async def test_subscribers_are_registered_listed_and_retired(run: Run) -> None:
    register = ("subscribers", "register", "sales/sales-crm", "--from")
    assert (await run(*register, "beginning"))[:2] == (
        0,
        "sales/sales-crm is registered from the beginning.\n",
    )
    assert (await run(*register, "now"))[
        1
    ] == "sales/sales-crm was registered already and stays where it is.\n"
    assert re.search(r"sales/sales-crm +never ran +1 +0 +- +0 +0 +0\n", (await run("subscribers", "list"))[1])
    assert await run("subscribers", "retire", "sales/sales-crm") == (0, "sales/sales-crm is retired.\n", "")
    assert re.search(r"sales/sales-crm +retired", (await run("subscribers", "list"))[1])
    assert (await run(*register, "now"))[1] == "sales/sales-crm is registered from now on.\n"


@pytest.mark.usefixtures("configured")
async def test_subscribers_print_json(run: Run) -> None:
    _, out, _ = await run("subscribers", "register", "sales/crm", "--from", "now", "--format", "json")
    assert json.loads(out) == {"subscriber": "sales/crm", "new": True}
    _, out, _ = await run("subscribers", "list", "--format", "json")
    assert [each["subscriber"] for each in json.loads(out)] == ["sales/crm"]
    _, out, _ = await run("subscribers", "retire", "sales/crm", "--format", "json")
    assert json.loads(out) == {"subscriber": "sales/crm", "retired": True}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("register", "crm", "--from", "now"), "'crm' is no subscriber: write DOMAIN/NAME in lower case"),
        (("register", "crm/", "--from", "now"), "'crm/' is no subscriber: write DOMAIN/NAME in lower case"),
        (("register", "Sales/crm", "--from", "now"), "'Sales/crm' is no subscriber"),
        (("register", "sales/a/b", "--from", "now"), "'sales/a/b' is no subscriber"),
        (("retire", "sales/none"), "sales/none is not an active subscription: `sguild-dispatcher subscr"),
        (("register", "sales/crm"), "the following arguments are required: --from"),
        (("register", "sales/crm", "--from", "tomorrow"), "invalid choice: 'tomorrow'"),
    ],
)
@pytest.mark.usefixtures("configured")
async def test_wrong_subscribers_are_refused(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    code, out, err = await run("subscribers", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err
