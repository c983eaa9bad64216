"""The trained model: its risks, its file, and what is done with it."""
