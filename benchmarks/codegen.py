"""The tool and its models: ``make bench-codegen``."""

import commands
import imports
import scale
import validation
from measuring import table


def main() -> None:
    print(table([each for part in (commands, scale, imports, validation) for each in part.ratios()]))


if __name__ == "__main__":
    main()
