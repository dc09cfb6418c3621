"""The checks of a bundle performed again, where nobody trusts it: in a child, held against what was
sealed, drawn as an auditor draws, and as SQL that needs no program of ours.
"""
