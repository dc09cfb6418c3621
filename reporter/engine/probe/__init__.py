"""What a warehouse is to compute before its other answers count."""
