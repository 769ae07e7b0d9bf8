"""A real S3 server on a loopback port (moto's), which checks the signature of every request with the SDK's own code.

Run as a program it serves the folders below the one that it is given as buckets, some of them to anybody.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from moto import settings
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import get_canned_acl, s3_backends

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
KNOWN = {"region_name": "us-east-1", "aws_access_key_id": "setting", "aws_secret_access_key": "up"}


@dataclass(frozen=True)
class S3Server:
    """Where it is, and the key of a user who may read everything."""

    endpoint: str
    access_key: str
    secret_key: str


@contextmanager
def running_s3(folder: Path, *, is_open: bool = False) -> Iterator[S3Server]:
    """Serve the files of ``folder/bucket/key``; ``is_open`` leaves out all checks, as for what anybody may read."""
    command = [sys.executable, "-W", "ignore", __file__, str(folder), "open" if is_open else "checked"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        try:
            yield S3Server(**json.loads(process.stdout.readline()))
        finally:
            process.kill()


def serve(folder: Path, *, is_open: bool) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://127.0.0.1:{1}".format(*server.get_host_and_port())
    store, kept = boto3.client("s3", endpoint_url=endpoint, **KNOWN), s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for bucket in sorted(folder.iterdir()):
        store.create_bucket(Bucket=bucket.name)
        for path in sorted(path for path in bucket.rglob("*") if path.is_file()):
            key, rights = str(path.relative_to(bucket)), get_canned_acl("public-read") if is_open else None
            kept.put_object(bucket.name, key, path.read_bytes()).set_acl(rights)
    users = boto3.client("iam", endpoint_url=endpoint, **KNOWN)
    users.create_user(UserName="hub")
    users.put_user_policy(UserName="hub", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    key = users.create_access_key(UserName="hub")["AccessKey"]
    if not is_open:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    told = {"endpoint": endpoint, "access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    print(json.dumps(told), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), is_open=sys.argv[2] == "open")
