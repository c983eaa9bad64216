"""Why a risk is what it is, in clinical units."""
