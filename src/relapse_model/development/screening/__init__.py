"""The screen of candidate biomarkers as a step of the development: what it looks at, tests and selects."""
