"""What goes out: alerts, messages, their history, and the planner that makes them."""
