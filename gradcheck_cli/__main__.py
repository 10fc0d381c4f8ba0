"""Entry point of the `gradcheck` command and of `python -m gradcheck_cli`; holds no logic of its own."""

import os


def main() -> None:
    """Run the command line and exit with its code."""
    # The small matrix products of the references lose more to a second BLAS thread than they gain; numpy reads this
    # when it is first imported, and whoever sets it keeps their value.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from gradcheck_cli.cli.app import run

    raise SystemExit(run())


if __name__ == "__main__":
    main()
