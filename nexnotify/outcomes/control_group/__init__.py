"""People who by chance were not told of a restock, against those who were."""
