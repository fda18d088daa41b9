"""Which clauses of the requirements are proven, and by which tests: marks and outcomes of a run, made into a page."""
