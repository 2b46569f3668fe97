"""A long, hostile day for the server: `python -m benchmarks.soak --minutes 5`.

Well-behaved clients, badly behaved ones and the admin API work on the same servers at the same
time, and every answer is held against a model of what was acknowledged.
"""
