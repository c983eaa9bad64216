"""How results show themselves in a notebook: short tables, escaped, in the colours of the page around them."""
