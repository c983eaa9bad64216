"""What a journal asks for: tables in four formats, figures in four, and the checklists of reporting."""
