"""Pages about documents, a module for each group of addresses."""
