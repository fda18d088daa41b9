"""Home services: the catalogue of what may be ordered (S3, H13), the visits that an elder is owed in a year (T1)."""
