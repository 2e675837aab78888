"""Measurements, side by side in one run. Ratios hold from machine to machine; absolute figures do not."""
