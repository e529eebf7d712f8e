"""Units that the storefront keeps for whom a text tells, until a moment that the text names."""
