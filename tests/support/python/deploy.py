"""
Deploys a Pulumi program in Python without Pulumi's language host for Python, which no package registry carries: the
Automation API serves the program to the engine from this process.

    deploy.py FOLDER STACK

FOLDER has Pulumi.yaml and __main__.py. Prints JSON: by operation, how many resources.
"""

import json
import runpy
import sys
from pathlib import Path

from pulumi import automation

folder, name = sys.argv[1:]


def program() -> None:
    runpy.run_path(str(Path(folder, "__main__.py")))


stack = automation.select_stack(
    stack_name=name,
    project_name="",  # Pulumi.yaml has it
    program=program,
    opts=automation.LocalWorkspaceOptions(work_dir=folder),
)


def say(text: str) -> None:
    print(text, file=sys.stderr)


print(json.dumps(stack.up(on_output=say, on_error=say).summary.resource_changes))
