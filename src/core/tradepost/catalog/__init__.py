"""Catalog: products, their variants, and what each can be bought for."""
