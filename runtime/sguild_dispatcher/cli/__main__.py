"""``python -m sguild_dispatcher.cli``."""

import sys

from sguild_dispatcher.cli import main

sys.exit(main())
