"""Self-checks of the oracle: `python3 -m unittest discover -s conformance/tests -t conformance`."""
