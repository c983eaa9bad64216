"""`python -m relapse_model`."""

import sys

from relapse_model.cli.program import main

sys.exit(main())
