"""Run a job script of the workflow as a Kubernetes job, and ask how it stands.

Called by Snakemake, from the folder of the clone, as the profile beside this file says:

    pod.py submit --name RULE --cpus N --memory MB --minutes M SCRIPT   prints the job's name
    pod.py status JOB                                    prints running, success or failed

The image and the volume are named by the environment: ATTRIBUTION_CONSISTENCY_IMAGE, and
ATTRIBUTION_CONSISTENCY_VOLUME as CLAIM:PATH, a volume claim and the folder where every pod
mounts it, which must hold the clone.  Downloads reach the pods where XDG_CACHE_HOME or
ATTRIBUTION_CONSISTENCY_DATA names a folder of that volume.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PASSED_ON = (
    "ATTRIBUTION_CONSISTENCY_ROOT",
    "ATTRIBUTION_CONSISTENCY_DATA",
    "XDG_CACHE_HOME",
)
PAUSES = (1, 5)  # seconds before kubectl is asked again


def manifest(arguments, environment, folder):
    """The Kubernetes job that runs a job script: a dict.

    Raises ValueError when the environment names no image or no volume that holds `folder`.
    """
    image = environment.get("ATTRIBUTION_CONSISTENCY_IMAGE")
    claim, _, mounted = environment.get("ATTRIBUTION_CONSISTENCY_VOLUME", "").partition(":")
    if not image:
        raise ValueError("ATTRIBUTION_CONSISTENCY_IMAGE: name the image of workflow/Containerfile")
    if not claim or not mounted:
        raise ValueError("ATTRIBUTION_CONSISTENCY_VOLUME: expected CLAIM:PATH, such as book:/data")
    if not folder.is_relative_to(mounted):
        raise ValueError(f"ATTRIBUTION_CONSISTENCY_VOLUME: {mounted} does not hold {folder}")
    asked = {"cpu": str(arguments.cpus), "memory": f"{arguments.memory}Mi"}
    passed_on = {name: environment[name] for name in PASSED_ON if name in environment}
    passed_on["PYTHONPATH"] = str(folder / "src")  # the clone, not what the image was built from
    container = {
        "name": "job",
        "image": image,
        "workingDir": str(folder),
        "command": ["/bin/sh", arguments.script],
        "env": [{"name": name, "value": value} for name, value in passed_on.items()],
        "resources": {"requests": asked, "limits": {"memory": asked["memory"]}},
        "volumeMounts": [{"name": "clone", "mountPath": mounted}],
    }
    name = re.sub(r"[^a-z0-9]+", "-", arguments.name.lower()).strip("-")[:40]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": f"{name}-", "labels": {"app": "attribution-consistency"}},
        "spec": {
            "backoffLimit": 0,  # Snakemake submits again what failed
            "ttlSecondsAfterFinished": 24 * 3600,
            "template": {
                "spec": {
                    # Of the pod, counted once it has a node; that of a job counts while it waits.
                    "activeDeadlineSeconds": 60 * arguments.minutes,
                    "restartPolicy": "Never",
                    "containers": [container],
                    "securityContext": {"runAsNonRoot": True, "fsGroup": 1000},
                    "volumes": [{"name": "clone", "persistentVolumeClaim": {"claimName": claim}}],
                }
            },
        },
    }


def submit(arguments):
    job = json.dumps(manifest(arguments, os.environ, Path.cwd()))
    print(kubectl("create", "-f", "-", "-o", "name", given=job))


def status(arguments):
    """A job that cannot be asked about counts as running: it will be asked about again."""
    for pause in (0, *PAUSES):
        time.sleep(pause)
        try:
            print(state(arguments.job))
            return
        except (ValueError, KeyError, OSError) as error:
            problem = str(error)
        if "(NotFound)" in problem:
            print("failed")
            return
    print(f"note: taken to be running: {problem}", file=sys.stderr)
    print("running")


def state(job):
    """running, success or failed; ValueError where kubectl does not tell."""
    answer = json.loads(kubectl("get", job, "-o", "json", "--request-timeout=30s"))
    reached = {c["type"] for c in answer["status"].get("conditions", []) if c["status"] == "True"}
    return "success" if "Complete" in reached else "failed" if "Failed" in reached else "running"


def kubectl(*arguments, given=None):
    done = subprocess.run(["kubectl", *arguments], input=given, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"kubectl {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("submit")
    one.set_defaults(function=submit)
    one.add_argument("--name", required=True)
    for name in ("--cpus", "--memory", "--minutes"):
        one.add_argument(name, type=int, required=True)
    one.add_argument("script")
    one = verbs.add_parser("status")
    one.set_defaults(function=status)
    one.add_argument("job")
    arguments = parser.parse_args()
    try:
        arguments.function(arguments)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
