"""What more patients would bring: performance by the number of patients, simulated from a study's own priors."""
