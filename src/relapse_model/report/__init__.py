"""What people look at: figures, the validation report and the model card."""
