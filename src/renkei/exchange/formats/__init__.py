"""Exchange formats: one folder each, found by itself."""
