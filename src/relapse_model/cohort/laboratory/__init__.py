"""What laboratories print: numbers, words, limits and units."""
