"""`python -m relapse_model`."""

import sys

from relapse_model.cli.arguments import main

sys.exit(main())
