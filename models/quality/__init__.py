"""Quality (S9, K5): which calls are listened to, by which sheet, what came of it."""
