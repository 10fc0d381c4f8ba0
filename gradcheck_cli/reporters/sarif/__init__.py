"""SARIF 2.1.0 as code scanning of GitHub reads it: `log.py` joins rules, results and fixes.

In: a `Report`. Out: JSON text. It names places from the root of the repository on and judges nothing.
"""

from gradcheck_cli.reporters.sarif.log import render

__all__ = ["render"]
