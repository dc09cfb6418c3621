"""Why a number is what it is, and what would change it."""
