"""A run's account as a page that opens anywhere, as markdown, and as tables for other programs."""
