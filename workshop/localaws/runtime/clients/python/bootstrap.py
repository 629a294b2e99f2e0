"""The first file of a Python environment: short, since a script is compiled at every start and a module is not."""

import sys

here = sys.argv[0].rpartition("/")[0] or sys.argv[0].rpartition("\\")[0]
sys.path[:] = [here, *(entry for entry in sys.path if entry != here)]

import _runtime_client  # noqa: E402

_runtime_client.main()
