"""From stock changes to restock events."""
