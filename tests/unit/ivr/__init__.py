"""The procedure: its stories in virtual time, its laws under chance, its printed page."""
