"""Orders and tickets as a storefront tells them, and what happened to them."""
