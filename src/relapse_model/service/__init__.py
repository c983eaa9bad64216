"""A scoring service for one hospital: scores and CDS Hooks over HTTP, on this machine unless told otherwise."""
