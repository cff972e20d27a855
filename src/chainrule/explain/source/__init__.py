"""What is derived: text, or a Python function with the names of its variables."""
