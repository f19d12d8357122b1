"""Conditions of a scheme, asked of applications and of members."""
