"""The arms compared: endpoint, flow of participants, primary and sensitivity analyses, as the plan says."""
