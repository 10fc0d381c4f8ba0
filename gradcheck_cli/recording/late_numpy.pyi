from numpy import *  # noqa: F403
from numpy import linalg as linalg
from numpy import random as random
from numpy import typing as typing
