"""Benchmarks: ratios of two ways on one machine in one run. `python -m bench` writes bench/results.md."""
