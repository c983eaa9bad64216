"""Columns of tables: their names, and their texts as values."""
