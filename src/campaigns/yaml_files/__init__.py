"""Reading the YAML that people write: every value with its line, every error at its place."""
