"""What changed since earlier runs: verdicts, scores, and what may be called progress."""
