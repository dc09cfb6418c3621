"""What follows from failures: findings, the responses to them, workpapers and the sign-off."""
