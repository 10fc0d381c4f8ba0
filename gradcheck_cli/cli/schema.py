"""`gradcheck schema`: the JSON Schema of the config, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it to a file.", show_default=False),
    ] = None,
) -> int:
    """Print the JSON Schema of a config: editors complete and explain its keys by it.

    [bold]Examples[/]

    gradcheck schema > gradcheck.schema.json

    Then begin a config with: # yaml-language-server: $schema=gradcheck.schema.json
    """
    from gradcheck_cli.cli.console import write_message, write_result
    from gradcheck_cli.cli.schema_text import render_schema
    from gradcheck_cli.cli.writing import write_file

    text = render_schema()
    if output is None:
        write_result(text)
        return 0
    write_file(output, text)
    write_message(f"Wrote {output}.")
    return 0
