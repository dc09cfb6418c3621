"""The steps of an assessment in their order; no step knows another."""
