"""The town's parts that need no telephone."""
