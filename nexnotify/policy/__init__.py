"""The rules every kind of message shares: purpose, eligibility, quiet hours and frequency caps."""
