"""The environment variables of a function: AWS's documented ones and the function's own, nothing of the parent's.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os

from workshop.localaws.runtime.model import FunctionSpec

# A Windows process without these cannot load its own libraries or open a socket.
WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "NUMBER_OF_PROCESSORS")


def variables(
    spec: FunctionSpec, *, task: str, opt: str, runtime_dir: str, tmp: str, address: str, stream: str, init_type: str
) -> dict[str, str]:
    """All variables of one environment.

    Args:
        spec: the function.
        task, opt, runtime_dir, tmp: the folders as the process sees them.
        address: host and port of its Runtime API.
        stream: its log stream.
        init_type: `on-demand` or `provisioned-concurrency`.
    """
    separator = os.pathsep
    path = ["/usr/local/bin", "/usr/bin", "/bin"] if os.name == "posix" else [os.environ.get("PATH", "")]
    own = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": separator.join(["/var/lang/bin", *path, os.path.join(opt, "bin")]),
        "LD_LIBRARY_PATH": ":".join(
            ["/var/lang/lib", "/lib64", "/usr/lib64", runtime_dir, f"{runtime_dir}/lib", task, f"{task}/lib", f"{opt}/lib"]
        ),
        "PYTHONUTF8": "1",
        **spec.environment,
        "_HANDLER": spec.handler,
        "_X_AMZN_TRACE_ID": "",
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.environment.get("AWS_DEFAULT_REGION", spec.region),
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": init_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group or f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "LAMBDA_TASK_ROOT": task,
        "LAMBDA_RUNTIME_DIR": runtime_dir,
    }
    if not spec.runtime.startswith("provided"):
        own["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{spec.runtime}"
    if spec.log_format == "JSON":
        own["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        own["AWS_LAMBDA_LOG_LEVEL"] = spec.application_log_level or "INFO"
    if tmp:
        own["TMPDIR"] = tmp
    if os.name == "nt":
        own.update({name: os.environ[name] for name in WINDOWS if name in os.environ})
        own.pop("LD_LIBRARY_PATH")
        own["TZ"] = "UTC0"
        if tmp:
            own["TEMP"] = own["TMP"] = tmp
    return own
