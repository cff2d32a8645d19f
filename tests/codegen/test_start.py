"""What starting the command costs: help imports nothing heavy."""

import os
import subprocess
import sys

from command_kit import ROOT

HEAVY = ("pydantic", "jinja2", "black", "datamodel_code_generator", "jsonschema", "jsonschema_rs", "rich")


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom sguild_codegen.cli import main\nmain(['--help'])\n"
        f"print('heavy:', [each for each in {HEAVY!r} if each in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "codegen")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"
