#!/usr/bin/env python3
"""The deployment on one machine: starts MiniStack, which speaks the AWS interfaces, and deploys template.yaml to it.

    local-cloud.py start --dir D --packages P [--variables FILE] [--parameter K=V]… [--auth]
    local-cloud.py serve …      the same, but stays, and stops the cloud when its input ends or it is interrupted
    local-cloud.py stop --dir D

Prints one line of JSON: where everything is. Everything that it makes is under D; everything that it starts listens on
127.0.0.1 only and is ended by stop. Nothing of it is safe: without --auth whoever reaches the port may do everything.

P holds the functions: `<name>.zip` from `make package`, or else programs as cargo builds them (target/debug). Of a program,
a link is kept under D, so that building meanwhile does not change what runs.

FILE is JSON: environment variables that every function gets in place of the template's, or besides.
"""

import argparse
import concurrent.futures
import contextlib
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile

REGION = "eu-central-1"
STACK = "keyward"
BUCKET = "packages"
HERE = pathlib.Path(__file__).resolve().parent
READY_SECONDS = 120
DEPLOYED_SECONDS = 300
STOPPED_SECONDS = 5

# What has no default in the template, or another one here.
PARAMETERS = {
    "Tokens": "{}",
    "Vault": "azure:https://local.invalid",
    "AzureTenant": "00000000-0000-0000-0000-000000000000",
    "AzureClient": "00000000-0000-0000-0000-000000000000",
    "SenderAddress": "keyward@keyward.invalid",
    "SenderIdentity": "keyward.invalid",
    "DeletionProtection": "false",
}


def is_unknown(resource):
    """Whether MiniStack can't make it: archives, and alarms that compute with metrics. Nothing else of the template is left out."""
    computes = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
    return computes or resource["Type"] == "AWS::Events::Archive"


class Failure(Exception):
    """What went wrong, and what to do."""


def template(packages, variables):
    """The template with its packages in the bucket, as JSON: short tags written out."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def tag(loader, name, node):
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        if name == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}

    Loader.add_multi_constructor("!", tag)
    made = yaml.load((HERE / "template.yaml").read_text(encoding="utf-8"), Loader)
    made["Globals"]["Function"]["Environment"]["Variables"].update(variables)
    for name, resource in list(made["Resources"].items()):
        if is_unknown(resource):
            del made["Resources"][name]
        if resource["Type"] == "AWS::Serverless::Function":
            package = pathlib.PurePath(resource["Properties"]["CodeUri"]).name
            packages.append(package)
            resource["Properties"]["CodeUri"] = {"Bucket": BUCKET, "Key": package}
    return made


def packed(folder, name, programs):
    """The package of a function: as it was made, or one that runs the program."""
    made = folder / name
    if made.is_file():
        return made.read_bytes()
    program = folder / pathlib.PurePath(name).stem
    if not program.is_file():
        raise Failure(f"{folder} has neither {name} nor {program.name}; build with: cargo build --workspace --bins, or: make package")
    kept = programs / program.name
    kept.unlink(missing_ok=True)
    try:
        os.link(program, kept)
    except OSError:
        shutil.copy2(program, kept)
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(entry, f'#!/bin/sh\nexec "{kept}"\n')
    return package.getvalue()


def client(endpoint, service):
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, max_pool_connections=8, proxies={}, s3={"addressing_style": "path"}),
    )


def started_at(pid):
    """When a process started, so that another one under its number is not taken for it; nothing where there is none."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except OSError:
        # Without /proc: by its number only.
        try:
            os.kill(pid, 0)
            return "unknown"
        except OSError:
            return None
    return None if fields[0] == "Z" else fields[19]


def running(folder):
    """The process of the cloud under this folder."""
    try:
        kept = json.loads((folder / "pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept["pid"] if started_at(kept["pid"]) == kept["started"] else None


def end(pid):
    """Ends a cloud and the functions that it started: they are one process group."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, how)
        until = time.monotonic() + STOPPED_SECONDS
        while group_is_there(pid) and time.monotonic() < until:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.05)
        if not group_is_there(pid):
            break


def stop(folder):
    """Ends the cloud under this folder."""
    pid = running(folder)
    if pid is not None:
        end(pid)
    (folder / "pid").unlink(missing_ok=True)
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    return pid is not None


def group_is_there(pid):
    """Whether a process of the group is still there. Ended ones that nobody has waited for count as there, so look at the states."""
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            if fields[2] == str(pid) and fields[0] != "Z":
                return True
    return not pathlib.Path("/proc/self/stat").exists()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def launch(folder, auth):
    """Starts MiniStack and waits until it answers. Its own variables, and so the functions', are only these."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    (folder / "tmp").mkdir(exist_ok=True)
    variables = {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        # Whom it takes for the account's owner under --auth, besides `test`: the local process that stands before it.
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AUTH": "true" if auth else "false",
        "IOT_MTLS_ENABLED": "0",
    }
    program = pathlib.Path(sys.executable).parent / "ministack"
    with open(folder / "cloud.log", "wb") as log:
        process = subprocess.Popen(
            [program], cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    (folder / "pid").write_text(json.dumps({"pid": process.pid, "started": started_at(process.pid)}), encoding="utf-8")
    until = time.monotonic() + READY_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, urllib.error.URLError):
            with opener.open(f"{endpoint}/_ministack/ready", timeout=2):
                return process, endpoint
        time.sleep(0.05)
    stop(folder)
    raise Failure(f"MiniStack did not start; see {folder / 'cloud.log'}")


def upload(endpoint, options, folder):
    """Puts the packages and the template into the bucket."""
    packages = []
    variables = json.loads(options.variables.read_text(encoding="utf-8")) if options.variables else {}
    made = template(packages, variables)
    s3 = client(endpoint, "s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)

    def put(name):
        s3.put_object(Bucket=BUCKET, Key=name, Body=packed(options.packages, name, programs))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(put, packages))
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(made).encode())


def deploy(endpoint, options, folder):
    """Makes the stack and waits for it; gives its outputs."""
    upload(endpoint, options, folder)
    given = dict(PARAMETERS)
    for parameter in options.parameter:
        name, separator, value = parameter.partition("=")
        if not separator:
            raise Failure(f"--parameter {parameter}: it has to be NAME=VALUE")
        given[name] = value
    client(endpoint, "sesv2").create_email_identity(EmailIdentity=given["SenderIdentity"])
    cloudformation = client(endpoint, "cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"{endpoint}/{BUCKET}/template.json",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    until = time.monotonic() + DEPLOYED_SECONDS
    while time.monotonic() < until:
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if not stack["StackStatus"].endswith("IN_PROGRESS") or "ROLLBACK" in stack["StackStatus"]:
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
            failed = [
                f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}"
                for event in events
                if event["ResourceStatus"].endswith("FAILED")
            ]
            raise Failure("the template was not deployed: " + "; ".join(failed or [stack.get("StackStatusReason", "no reason")]))
        time.sleep(0.1)
    raise Failure("the template was not deployed in time")


def allow_mail(endpoint):
    """MiniStack holds `ses:SendEmail` against no identity, so the role's own permission is never enough under --auth."""
    statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = f"{STACK}-{REGION}-deliver-notices"
    client(endpoint, "iam").put_role_policy(RoleName=role, PolicyName="local-cloud", PolicyDocument=document)


def start(options):
    folder = options.dir
    folder.mkdir(parents=True, exist_ok=True)
    if running(folder) is not None:
        raise Failure(f"a cloud is running under {folder}; stop it with: {sys.argv[0]} stop --dir {folder}")
    begun = time.monotonic()
    process, endpoint = launch(folder, options.auth)
    try:
        outputs = deploy(endpoint, options, folder)
        if options.auth:
            allow_mail(endpoint)
    except BaseException:
        stop(folder)
        raise
    told = {
        "url": f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/$default",
        "endpoint": endpoint,
        "region": REGION,
        "table": outputs["TableName"],
        "functionPrefix": f"{STACK}-",
        "mail": f"{endpoint}/_ministack/ses/messages",
        "pid": process.pid,
        "log": str(folder / "cloud.log"),
        "seconds": round(time.monotonic() - begun, 1),
        "outputs": outputs,
    }
    (folder / "cloud.json").write_text(json.dumps(told), encoding="utf-8")
    print(json.dumps(told), flush=True)
    return process.pid


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("start", "serve"):
        command = commands.add_parser(name)
        command.add_argument("--dir", type=lambda given: pathlib.Path(given).absolute(), required=True)
        command.add_argument("--packages", type=lambda given: pathlib.Path(given).absolute(), required=True)
        command.add_argument("--variables", type=pathlib.Path)
        command.add_argument("--parameter", action="append", default=[])
        command.add_argument("--auth", action="store_true", help="hold every request to the roles' permissions")
    commands.add_parser("stop").add_argument("--dir", type=lambda given: pathlib.Path(given).absolute(), required=True)
    options = parser.parse_args()
    try:
        if options.command == "stop":
            print("stopped" if stop(options.dir) else "was not running", file=sys.stderr)
            return
        # So that an interruption ends what was started.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        pid = start(options)
        if options.command == "serve":
            try:
                while sys.stdin.buffer.read(4096):
                    pass
            except KeyboardInterrupt:
                pass
            finally:
                # By its number: the folder may be gone already.
                end(pid)
                stop(options.dir)
    except Failure as failure:
        sys.exit(f"local-cloud: {failure}")


if __name__ == "__main__":
    main()
