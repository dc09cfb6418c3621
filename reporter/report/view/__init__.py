"""What all chapters print with: numbers and words, thresholds, data of pictures, the arithmetic of
a score.
"""
