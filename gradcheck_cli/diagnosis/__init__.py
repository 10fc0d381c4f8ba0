"""History -> ranked findings: the judge, harm, causes; `check` joins the stages.

In: a `History` or a config's text. Out: a `Report`. It must not import torch; only `check.check` reaches training,
inside its function.
"""
