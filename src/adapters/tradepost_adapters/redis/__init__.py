"""What Redis (or Valkey) does for the shop: a cache that several processes share."""
