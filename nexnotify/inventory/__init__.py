"""Stock levels, available-to-sell and the status of a product."""
