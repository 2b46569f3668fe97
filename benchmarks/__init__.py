"""Measurements: what is compared is measured in turn, in one run, and told as a ratio."""
