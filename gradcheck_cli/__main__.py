"""Entry point of the `gradcheck` command and of `python -m gradcheck_cli`; holds no logic of its own."""


def main() -> None:
    """Run the command line and exit with its code."""
    from gradcheck_cli.cli.app import run

    raise SystemExit(run())


if __name__ == "__main__":
    main()
