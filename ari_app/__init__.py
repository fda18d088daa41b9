"""The controller: the one process that owns live calls. Its room `ari/` speaks ARI and knows no word of our trade."""
