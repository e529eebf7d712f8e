"""What can be bought: products, their variants, and the locations that hold stock."""
