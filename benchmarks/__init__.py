"""Benchmarks: what is compared is measured in turn, in the same run, and reported as a ratio."""
