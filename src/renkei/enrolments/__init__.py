"""Membership of a scheme: application, approval, certificate, renewal, change, withdrawal (mechanism A)."""
