"""What came of it: views and orders as the shop's pages tell them, and orders of people who were told."""
