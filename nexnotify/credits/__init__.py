"""Credits: what a store has for texts, an append-only ledger of it, and how it buys more."""
