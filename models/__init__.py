"""Records and their rules: tables, writes and queries. No HTTP and no calls."""
