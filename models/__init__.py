"""Records and their rules: tables, writes, `queries/` for reads. No HTTP, no calls, nothing that waits for a person.

`database.Database` is the one door to the tables. `journal.write` is the controller's, `register` the register's.
"""
