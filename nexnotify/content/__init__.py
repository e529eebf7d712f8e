"""What a message says: templates, tokens, segments and short links."""
