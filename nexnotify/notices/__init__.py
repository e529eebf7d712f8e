"""Order and ticket texts: what happened to an order or a ticket becomes messages to those whom it concerns."""
