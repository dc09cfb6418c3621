"""From loaded rows to the tables that checks read: identities, activity, and what is derived of
them.
"""
