"""Whom we may reach: contacts and the consent ledger."""
