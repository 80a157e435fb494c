"""The check "postgres" in plain Python: the package's, loaded by its path.

A second one here would be compared with the same two others, the library's and the package's, and
add nothing: they are independent of each other, and tests/psql asks psql itself.
"""

import importlib.util
import pathlib
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "examples/python/src/confiture_native"


def load(name):
    """Without the package around it, which would look for the extension."""
    spec = importlib.util.spec_from_file_location(
        "confiture_psql." + name, SOURCE / (name + ".py"), submodule_search_locations=None)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


sys.modules.setdefault("confiture_psql", type(sys)("confiture_psql")).__path__ = [str(SOURCE)]
psql = load("_psql")
Scanner, left_open, STATEMENT = psql.Scanner, psql.left_open, psql.STATEMENT
