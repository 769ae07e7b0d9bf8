"""Stands where hubs that tests start would find pandas, which the client of Delta Sharing brings and a hub does without.

Two libraries of the hub load it where it is; that would cost a second of each of hundreds of processes.
"""

raise ImportError("a hub does without pandas")
