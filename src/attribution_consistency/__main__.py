"""Makes `python -m attribution_consistency` the command line."""

import sys

from attribution_consistency.cli import main

sys.exit(main())
