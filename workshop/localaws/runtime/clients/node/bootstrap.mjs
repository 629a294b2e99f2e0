// What runs inside a Node.js execution environment: asks for requests, calls the handler, posts what it returns.
// CommonJS and ES modules; async handlers, and handlers with a callback as far as the runtime has them.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import util from "node:util";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const secret = Buffer.from(process.argv[2] ?? "", "hex");
process.argv.length = 2;
const environ = process.env;
const jsonLogs = environ.AWS_LAMBDA_LOG_FORMAT === "JSON";
const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const lowest = Math.max(0, levels.indexOf(environ.AWS_LAMBDA_LOG_LEVEL ?? "TRACE"));
const hasCallbacks = Number(/nodejs(\d+)/.exec(environ.AWS_EXECUTION_ENV ?? "")?.[1] ?? 0) < 24;
const [hostname, port] = environ.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let requestId;

class Fault extends Error {
  constructor(kind, message) {
    super(message);
    this.name = kind;
  }
}

// One log event, however many lines it has: pieces small enough to be written at once, each behind the secret.
function writeEvent(text) {
  let data = Buffer.from(text, "utf8");
  while (data.length > 0) {
    const piece = data.subarray(0, 4000);
    data = data.subarray(4000);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(piece.length);
    writeAll(Buffer.concat([secret, Buffer.from(data.length > 0 ? "+" : "."), size, piece]));
  }
}

function writeAll(data) {
  for (let done = 0; done < data.length; ) {
    try {
      done += fs.writeSync(1, data, done);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

function log(level, values) {
  if (levels.indexOf(level) < lowest) return;
  const now = new Date().toISOString();
  if (jsonLogs) {
    writeEvent(jsonRecord({ timestamp: now, level, requestId }, values) + "\n");
  } else {
    writeEvent(`${now}\t${requestId}\t${level}\t${util.format(...values)}\n`);
  }
}

// One value stands as it is, errors with what they say; several are one text, and the first error among them is told.
function jsonRecord(record, values) {
  if (values.length === 1) {
    try {
      return JSON.stringify({ ...record, message: values[0] }, (_, value) => (value instanceof Error ? { ...told(value), ...value } : value));
    } catch {
      // a circle, or a number too large for JSON: as text, below
    }
  }
  const error = values.length > 1 ? values.slice(1).find((value) => value instanceof Error) : undefined;
  return JSON.stringify({ ...record, message: util.format(...values), ...(error && told(error)) });
}

function told(error) {
  return { errorType: error.constructor?.name ?? "UnknownError", errorMessage: error.message, stackTrace: (error.stack ?? "").split("\n") };
}

for (const [name, level] of Object.entries({
  log: "INFO", info: "INFO", debug: "DEBUG", trace: "TRACE", warn: "WARN", error: "ERROR",
})) {
  console[name] = (...values) => log(level, values);
}

function call(method, route, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path: `/2018-06-01/runtime/${route}`, agent, headers };
    if (body !== undefined) options.headers = { ...headers, "Content-Length": Buffer.byteLength(body) };
    const request = http.request(options, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function describe(error) {
  if (!(error instanceof Error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

async function findHandler(name) {
  const match = /^(.*?([^/.]+))\.(.+)$/.exec(name.replaceAll("\\", "/"));
  if (!match || name.includes("..")) throw new Fault("Runtime.MalformedHandlerName", "Bad handler");
  const [, module, , names] = match;
  const base = path.resolve(environ.LAMBDA_TASK_ROOT, module);
  const file = [base, `${base}.js`, `${base}.mjs`, `${base}.cjs`].find((one) => fs.statSync(one, { throwIfNoEntry: false })?.isFile());
  let found;
  try {
    if (!file) throw new Error(`Cannot find module '${path.basename(module)}'\nRequire stack:\n- /var/runtime/index.mjs`);
    found = await load(file);
  } catch (error) {
    if (error instanceof SyntaxError) throw Object.assign(error, { message: `SyntaxError: ${error.message}`, name: "Runtime.UserCodeSyntaxError" });
    const missing = !file || error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND";
    if (!missing) throw error;
    throw Object.assign(error, { message: `Error: ${error.message}`, name: "Runtime.ImportModuleError" });
  }
  const handler = names.split(".").reduce((scope, one) => scope?.[one], found) ?? names.split(".").reduce((scope, one) => scope?.[one], found?.default);
  if (handler === undefined) throw new Fault("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function") throw new Fault("Runtime.HandlerNotFound", `${name} is not a function`);
  if (!hasCallbacks && handler.length >= 3) {
    throw new Fault("Runtime.CallbackHandlerDeprecated", "Handlers with a callback ended with Node.js 22: make it async.");
  }
  return handler;
}

async function load(file) {
  if (!file.endsWith(".mjs")) {
    try {
      return createRequire(file)(file);
    } catch (error) {
      if (error?.code !== "ERR_REQUIRE_ESM" && error?.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
    }
  }
  return import(pathToFileURL(file).href);
}

function makeContext(headers, settle) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: environ.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: environ.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: environ.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environ.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environ.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers["lambda-runtime-client-context"]),
    identity: parse(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  if (hasCallbacks) {
    context.done = (error, result) => settle(error, result);
    context.succeed = (result) => settle(null, result, true);
    context.fail = (error) => settle(error ?? "handled", undefined, true);
  }
  return context;
}

function parse(header) {
  return header ? JSON.parse(header) : undefined;
}

const UNSETTLED = "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise " +
  "that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes";

// The handler's outcome: of its promise, of its callback, or null when nothing is left to do.
function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    let outcome;
    const finish = () => {
      process.removeListener("beforeExit", finish);
      if (outcome?.error) reject(outcome.error);
      else if (!outcome && handler.constructor.name === "AsyncFunction") reject(new Fault("Runtime.NodeJsExit", UNSETTLED));
      else resolve(outcome?.result);
    };
    const settle = (error, result, now = false) => {
      outcome ??= { error, result };
      if (now || !context.callbackWaitsForEmptyEventLoop) finish();
    };
    const context = makeContext(headers, settle);
    const returned = hasCallbacks ? handler(event, context, settle) : handler(event, context);
    if (typeof returned?.then === "function") {
      process.on("beforeExit", finish);
      returned.then(resolve, reject).finally(() => process.removeListener("beforeExit", finish));
    } else if (!hasCallbacks) {
      resolve(returned);
    } else {
      process.on("beforeExit", finish);
    }
  });
}

function encode(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch {
    throw new Fault(hasCallbacks ? "Error" : "Runtime.JSONStringifyError", "Unable to stringify response body");
  }
}

// What AWS calls response streaming; a function that asks for it is told, instead of failing over an unknown name.
globalThis.awslambda = {
  streamifyResponse() {
    throw new Fault("Runtime.StreamingNotSupported", "Response streaming is not available offline: return the whole answer, or deploy to AWS.");
  },
};

async function serve(handler) {
  for (;;) {
    const { headers, body } = await call("GET", "invocation/next");
    requestId = headers["lambda-runtime-aws-request-id"];
    environ._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
    try {
      const result = await run(handler, JSON.parse(body.toString("utf8")), headers);
      await call("POST", `invocation/${requestId}/response`, encode(result), { "Content-Type": "application/json" });
    } catch (error) {
      const problem = describe(error);
      log("ERROR", ["Invoke Error \t" + JSON.stringify({ ...problem, trace: undefined, stack: problem.trace })]);
      await fail(`invocation/${requestId}/error`, problem);
    }
  }
}

function fail(route, problem) {
  const headers = { "Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": encodeURI(problem.errorType) };
  return call("POST", route, JSON.stringify(problem), headers);
}

async function fatal(title, problem) {
  log("ERROR", [`${title}\t` + JSON.stringify({ ...problem, trace: undefined, stack: problem.trace })]);
  await fail(requestId ? `invocation/${requestId}/error` : "init/error", problem).catch(() => {});
  process.exit(requestId ? 128 : 129);
}

process.on("uncaughtException", (error) => fatal("Uncaught Exception ", describe(error)));
process.on("unhandledRejection", (reason) => {
  const problem = describe(reason);
  const kind = "Runtime.UnhandledPromiseRejection";
  fatal("Unhandled Promise Rejection ", { errorType: kind, errorMessage: `${problem.errorType}: ${problem.errorMessage}`, trace: problem.trace });
});

try {
  const handler = await findHandler(environ._HANDLER);
  serve(handler).catch(() => process.exit(0)); // the Runtime API is gone, and so is the reason to live
} catch (error) {
  await fatal("Uncaught Exception ", describe(error));
}
