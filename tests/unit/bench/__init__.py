"""The benchmarks, as far as they can be wrong without a telephone."""
