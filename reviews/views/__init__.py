"""The pages of review tables."""
