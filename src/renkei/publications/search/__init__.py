"""Finding a facility: the entries, the one statement, the public pages."""
