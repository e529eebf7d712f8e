"""What comes back: delivery receipts, STOP, START, HELP and replies."""
