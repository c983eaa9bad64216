"""What the documentation makes from the code: reference pages, figures of the concepts, the executed notebook."""
