"""What goes out: alerts, messages and their history; `planning` makes them of a restock, `asking` asks shoppers."""
