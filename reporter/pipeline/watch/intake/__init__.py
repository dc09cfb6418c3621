"""What a watch takes in: lines of files that grow."""
