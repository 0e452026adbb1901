"""Makes `python -m attribution_consistency` the command line."""

import sys

from .cli import main

sys.exit(main())
