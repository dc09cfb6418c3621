"""Checks to results, results to causes and remediation."""
