"""Answers about what happened, for pages and the API. Reads everything, writes nothing."""
