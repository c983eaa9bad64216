"""The trial itself: the arms compared."""
