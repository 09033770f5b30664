"""schemathesis against a real server: whatever it makes of /openapi.json, no answer is a 5xx or breaks its schema.

The address of the server is in AUTHSIGNAL_LOCAL_URL. Closes with `N passed, M failed`, counted by operation.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

SERVER = os.environ["AUTHSIGNAL_LOCAL_URL"]
REPORTS = pathlib.Path(__file__).parents[2] / "target" / "openapi"
# In each run: coverage of the schemas' edges, then random bodies. Of a seed, so that a failure can be repeated.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "3")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def post(path, body):
    request = urllib.request.Request(
        SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def basic(name):
    return "Basic " + base64.b64encode(f"{name}:".encode()).decode()


def run(name, authorization, *which, phases="coverage,fuzzing"):
    """One run: its tested operations and those that failed."""
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    command = [
        str(pathlib.Path(sys.executable).parent / "schemathesis"), "run", SERVER + "/openapi.json",
        "--checks", CHECKS, "--phases", phases, "--max-examples", EXAMPLES,
        "--seed", "1", "--workers", "1", "--no-shrink", "--warnings", "off", "--request-timeout", "20",
        "--suppress-health-check", "all", "--report", "junit", "--report-junit-path", str(report),
        "--header", f"Authorization: {authorization}", *which,
    ]
    # What it remembers of a run lies where it runs.
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPORTS)
    if not report.exists():
        print(done.stdout, done.stderr)
        return 0, 1
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    print(f"{name}: {len(cases)} operations, {len(failed)} failed", flush=True)
    if failed or done.returncode != 0:
        print(done.stdout)
    return len(cases), len(failed) or int(done.returncode != 0)


def user_with_token():
    """A token with every right, of a user who is there."""
    post("/local/reset", {})
    email = {"verificationMethod": "EMAIL_OTP", "email": "ada@example.test"}
    user = {"userId": "ada", "username": "ada", "email": "ada@example.test", "authenticators": [email]}
    post("/local/users", {"users": [user]})
    scope = "add:authenticators update:authenticators remove:authenticators"
    return post("/local/track", {"userId": "ada", "scope": scope})["token"]


def holds(token, when):
    """One check: whether the token is still worth something. If not, all that a run was answered is that it is not."""
    request = urllib.request.Request(
        SERVER + "/v1/client/user-authenticators", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    if status != 200:
        print(f"{when} the run of the holder its token is answered with {status}")
    return 1, int(status != 200)


def main():
    REPORTS.mkdir(parents=True, exist_ok=True)
    post("/local/reset", {})
    client = ("--include-path-regex", "^/v1/client/")
    runs = [run("backend", basic("local-secret"), "--include-path-regex", "^/v1/(?!client/)")]
    # After the backend, which deletes users.
    token = user_with_token()
    runs += [
        holds(token, "before"),
        run("holder", f"Bearer {token}", *client),
        holds(token, "after"),
        run("tenant", basic("local"), *client),
        # All of it is refused before it is looked at.
        run("nobody", "Bearer nothing", "--include-path-regex", "^/v1/", phases="fuzzing"),
        # Last, as it moves the clock and wishes for faults. Those strike nothing of its own.
        run("tester", basic("local"), "--include-path-regex", "^/local/"),
    ]
    total = sum(count for count, _ in runs)
    failed = sum(count for _, count in runs)
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
