import { describe, expect, test } from "vitest";
import { z } from "../../../test/builders/schemas.ts";
import { ERROR_MESSAGE_LENGTH_MAX, ERROR_STACK_LENGTH_MAX } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import { permanent, quarantine } from "../signals.ts";
import { taskError } from "./failure.ts";

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const named = (name: string): Error => Object.assign(new Error("x"), { name });
const foreignFault = (code: string, retryable: boolean): Error =>
  Object.assign(new Error("x"), { name: "FreshetError", code, retryable });
const networkFailure = (): Error =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }) });

describe("the class of a failure", () => {
  test.each<[string, unknown, string]>([
    ["an error", new Error("busy"), "transient"],
    ["a range that was left", new RangeError("x"), "transient"],
    ["a bug", new TypeError("x is not a function"), "permanent"],
    ["a name that is not there", new ReferenceError("rows is not defined"), "permanent"],
    ["text that is not JSON", thrownBy(() => JSON.parse("{")), "permanent"],
    ["a failed assertion", named("AssertionError"), "permanent"],
    ["data that does not fit a schema", thrownBy(() => z.number().parse("x")), "permanent"],
    ["a connection that failed", networkFailure(), "transient"],
    ["bad data", thrownBy(() => quarantine("negative")), "quarantine"],
    ["bad data, by an error", thrownBy(() => quarantine(new TypeError("x"))), "quarantine"],
    ["what the author calls permanent", thrownBy(() => permanent("no such customer")), "permanent"],
    ["a fault that lasts", new FreshetError("OBJECT_NOT_FOUND", "x"), "permanent"],
    ["a fault that passes", new FreshetError("OBJECT_CHANGED", "x"), "transient"],
    ["a fault of the executor's own copy", foreignFault("OBJECT_NOT_FOUND", false), "permanent"],
    ["no error at all", "oops", "transient"],
  ])("%s", (_what, thrown, expected) => {
    expect(taskError(thrown, undefined).class).toBe(expected);
  });
});

describe("what is recorded of a failure", () => {
  test("the name of its class where it has no name of its own", () => {
    class HttpError extends Error {}

    expect(taskError(new HttpError("404"), undefined)).toMatchObject({ name: "HttpError", message: "404" });
  });

  test("the causes with the message", () => {
    const { message } = taskError(new Error("no orders", { cause: networkFailure() }), undefined);

    expect(message).toBe("no orders: fetch failed: connect ECONNREFUSED");
  });

  test("the parts of an error that has several", () => {
    const { message } = taskError(new AggregateError([new Error("a"), new Error("b")]), undefined);

    expect(message).toBe("a; b");
  });

  test("a value that is no error", () => {
    expect(taskError({ status: 500 }, undefined).message).toBe('a value that is no Error was thrown: {"status":500}');
  });

  test("no more than its bounds", () => {
    const error = new Error("x".repeat(5_000));
    error.stack = `Error: x\n${"    at work (/dags/sales.dag.ts:1:1)\n".repeat(1_000)}`;

    const { message, stack } = taskError(error, undefined);

    expect(message).toHaveLength(ERROR_MESSAGE_LENGTH_MAX);
    expect(stack).toHaveLength(ERROR_STACK_LENGTH_MAX);
  });

  test("the author's frames, without Freshet's below and above them", () => {
    const error = new Error("x");
    error.stack = [
      "Error: x",
      "    at missing (/app/shared/dsl/runtime/storage.ts:80:9)",
      "    at load (/dags/sales.dag.ts:14:11)",
      "    at async freshetEdge (/bundle.mjs:10:3)",
      "    at async execute (/bundle.mjs:20:3)",
    ].join("\n");

    expect(taskError(error, undefined).stack).toBe("    at load (/dags/sales.dag.ts:14:11)");
  });
});

describe("an error of what runs the code", () => {
  test("has no frames, since none is the author's", () => {
    const error = new FreshetError("OUTPUT_NOT_JSON", "x");
    error.stack = [
      "FreshetError: x",
      "    at resultOf (/app/shared/dsl/runtime.ts:202:9)",
      "    at async execute (file:///app/shared/embedded/worker/main.ts:85:12)",
    ].join("\n");

    expect(taskError(error, undefined).stack).toBeUndefined();
  });
});

describe("retryOn", () => {
  class HttpError extends Error {}
  class NotFound extends HttpError {}

  test.each<[string, Error, readonly string[], boolean]>([
    ["the name of its class", new HttpError("x"), ["HttpError"], true],
    ["the name of a class above", new NotFound("x"), ["HttpError"], true],
    ["its own name", named("Throttled"), ["Throttled"], true],
    ["the code of a fault", new FreshetError("OBJECT_CHANGED", "x"), ["OBJECT_CHANGED"], true],
    ["another name", new Error("x"), ["HttpError"], false],
  ])("by %s", (_how, error, names, expected) => {
    expect(taskError(error, names).retry).toBe(expected);
  });

  test("by the author's function", () => {
    expect(taskError(new Error("busy"), (error) => error.message === "busy").retry).toBe(true);
  });

  test.each([quarantine, permanent])("has no say about what %o says is hopeless", (hopeless) => {
    const thrown = thrownBy(() => hopeless(new HttpError("x")));

    expect(taskError(thrown, () => true).retry).toBe(false);
    expect(taskError(thrown, ["HttpError"]).retry).toBe(false);
  });

  test("gives no verdict when the function throws", () => {
    const verdict = (): boolean => {
      throw new Error("x");
    };

    expect(taskError(new Error("busy"), verdict)).not.toHaveProperty("retry");
  });
});
