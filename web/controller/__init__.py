"""The web's side of the controller's loopback API: what it says, how to ask it, a mirror of what is going on now."""
