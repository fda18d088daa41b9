"""The controller: one asyncio process that owns the live calls. It never waits for disk, database or web on the call
path, and knows nothing of pages."""
