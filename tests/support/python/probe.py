"""
Asks pip's index for a package, with the pip that a virtual environment would be given: says what this machine lacks for
one, or nothing. Leaves nothing behind.

    probe.py PACKAGE
"""

import pathlib
import subprocess
import sys
import sysconfig
import tempfile

if sys.version_info < (3, 10):
    sys.exit("Python 3.10 is not here")
try:
    import ensurepip
    import venv
except ImportError:
    sys.exit("Python's venv is not here")

# Where distributions keep pip for ensurepip, and where Python itself does.
places = [sysconfig.get_config_var("WHEEL_PKG_DIR"), pathlib.Path(ensurepip.__file__).parent / "_bundled"]
wheels = [wheel for place in places if place for wheel in pathlib.Path(place).glob("pip-*.whl")]
if not wheels:
    sys.exit("Python's venv is not here")
with tempfile.TemporaryDirectory() as folder:
    download = ["download", "--quiet", "--no-deps", "--retries", "1", "--dest", folder, *sys.argv[1:]]
    answer = subprocess.run([sys.executable, wheels[0] / "pip", *download], capture_output=True, text=True)
if answer.returncode != 0:
    sys.exit("pip's index can't be reached")
