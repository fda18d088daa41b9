"""Pages, JSON API and the live board, as a process of its own. Never imports `ari_app`."""
