"""People, the workspaces they meet in, what a role may do, and the log of what was done.

A workspace is the wall between matters. Everything else in Pincite belongs to one, and is fetched
through ``visible_to(user)``: who may not see a thing gets a 404, as if it did not exist.
"""
