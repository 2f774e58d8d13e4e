"""One module per vector file; each has `build()`, which returns the file's text and cases."""
