"""Soak test: `python -m benchmarks.soak --minutes 5`.

Well-behaved clients, bad clients and the admin API work on the same servers at the same time, and
every response is compared with a model of the acknowledged writes.
"""
