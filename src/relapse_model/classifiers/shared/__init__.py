"""What the classifiers have in common: validation of arrays, folds, Newton steps, saved parts."""
