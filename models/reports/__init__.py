"""Reports (T6, H11, X11): what each figure means, the periods they are made for, and counts that are kept by day."""
