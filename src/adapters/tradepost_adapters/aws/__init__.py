"""What Amazon Web Services do for the shop: keep its secrets."""
