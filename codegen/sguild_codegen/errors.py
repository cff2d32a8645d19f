"""What can go wrong, and with which exit code the command ends.

::

    CodegenError              2  base of all; the message is one sentence for the user
    ├── ContractError         1  findings in the contracts (2 if a file could not be read at all)
    ├── UsageError            2  an option, an argument or the configuration is wrong
    ├── UnsatisfiableError    2  no document can be drawn for a contract
    ├── OutputError           2  the output folder cannot be written safely
    └── GeneratorError        3  a fault of the tool: an emitted file or a dependency is not as it has to be
"""

from collections.abc import Sequence

from sguild_codegen.report.finding import Finding, in_order


class CodegenError(Exception):
    """Base of all errors of the tool; ``exit_code`` is what the command ends with."""

    exit_code: int = 2


class ContractError(CodegenError):
    """The contracts are refused; ``findings`` are all findings of the run, by place."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = in_order(findings)
        self.exit_code = 2 if any(each.rule.unreadable for each in self.findings) else 1
        first = self.findings[0]
        super().__init__(f"{len(self.findings)} findings, the first at {first.path}: {first.message}")


class UsageError(CodegenError, ValueError):
    """An option, an argument or the configuration is wrong."""


class UnsatisfiableError(CodegenError, ValueError):
    """No document can be drawn for a contract: it refuses, or accepts, everything that was tried."""


class OutputError(CodegenError, OSError):
    """The output folder holds something that must not be written through or replaced."""


class GeneratorError(CodegenError, RuntimeError):
    """A fault of the tool itself; never the fault of a contract."""

    exit_code = 3
