"""`python -m relapse_model`."""

import sys

from relapse_model.cli import main

sys.exit(main())
