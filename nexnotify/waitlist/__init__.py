"""Who waits for what: alert requests and their life."""
