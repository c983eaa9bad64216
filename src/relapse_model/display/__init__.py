"""How results show themselves in a notebook: short tables in the colours of the page; and how far a long run is."""
