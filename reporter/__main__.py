"""`python -m reporter` is the command `reporter`."""

from reporter.cli import main

main()
