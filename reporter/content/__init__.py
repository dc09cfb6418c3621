"""Everything that is not the data of a user: packs, sources, checks, catalogs, crosswalks,
profiles, the settings of a workspace.
"""
