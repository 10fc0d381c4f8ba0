"""The Typer app: one file per command, the console and the live view.

In: the command line. Out: text on stdout, progress on stderr, an exit code. It starts training only through
`diagnosis.check`.
"""
