"""Pages and fragments of conversations, a module for each group of addresses."""
