"""What people say (attestations, waivers, compensating controls), and what it counts for."""
