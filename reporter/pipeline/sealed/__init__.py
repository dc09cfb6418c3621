"""A run sealed for whoever audits it, and verified where nothing but the bundle is: hashes,
signature, one finding proven alone, every check performed again.
"""
