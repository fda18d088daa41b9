"""A storm: a power cut in a district, and hundreds of elders press their key within seconds, with few seats there."""
