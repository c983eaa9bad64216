"""The outcome: relapse, free of relapse, lost; by the study's rule or adjudicated."""
