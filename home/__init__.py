"""The home folder of one platform: settings, secrets, third-party programs without root, running processes.

Imports no other room of the house; what it must know about seats or trunks is handed to it as plain values.
"""
