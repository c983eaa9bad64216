"""Development: candidates, choice, training, and the checks before and after it."""
