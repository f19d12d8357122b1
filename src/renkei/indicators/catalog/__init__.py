"""One folder for each indicator; the registry finds them by itself."""
