"""Treatment benefit in a trial: does it differ with risk, and is the predicted benefit right (PATH)."""
