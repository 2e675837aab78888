"""Webhooks to other systems: endpoints that are told of events, signed as Standard Webhooks 1.0 says.

What gateways report to the shop is another matter, and in `tradepost.payments`.
"""
