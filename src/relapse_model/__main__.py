"""`python -m relapse_model`."""

import sys

try:
    from relapse_model.cli.program import main
except KeyboardInterrupt:  # before anything was asked for; as `main` says it
    sys.stderr.write("relapse-model: interrupted; no output was written.\n")
    sys.exit(130)

sys.exit(main())
