import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { FreshetError } from "../../shared/core/errors.ts";
import type { Problem } from "../../shared/core/problem.ts";
import { instant } from "../../shared/core/time.ts";
import { safeLine, safeText, shorten } from "./escape.ts";
import { exitCodeOf, failureOf, printBug, printFailure } from "./failure.ts";
import { logText } from "./log-line.ts";
import { problemCount, printProblem } from "./problems.ts";
import { printTable } from "./table.ts";
import { createTerminal, type OutputStream, type Terminal } from "./terminal.ts";
import { agoText, intervalText, timeText } from "./words.ts";

interface Screen {
  readonly terminal: Terminal;
  readonly out: () => string;
  readonly err: () => string;
}

function aStream(tty: { readonly columns: number } | undefined, into: string[]): OutputStream {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      into.push(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, tty === undefined ? {} : { isTTY: true, getColorDepth: () => 8, ...tty });
}

function aScreen(tty?: { readonly columns: number }): Screen {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = createTerminal(aStream(tty, out), aStream(tty, err));
  return { terminal, out: () => out.join(""), err: () => err.join("") };
}

const noSource = (): undefined => undefined;

describe("text from elsewhere", () => {
  test("control characters are shown, not obeyed", () => {
    expect(safeText("a\u001b[2Jb\u0007\u009bc\rd\u007f")).toBe("a\\x1b[2Jb\\x07\\x9bc\\x0dd\\x7f");
  });

  test("marks that turn the reading order are shown", () => {
    expect(safeText("\u202Eevil\u2066")).toBe("\\u202eevil\\u2066");
  });

  test("line feeds and tabs stay in a text, and are shown on a line", () => {
    expect([safeText("a\r\n\tb"), safeLine("a\n\tb")]).toEqual(["a\n\tb", "a\\n b"]);
  });

  test("what is cut off shows, by characters and not by halves of them", () => {
    expect([shorten("🐟🐟🐟", 2), shorten("ab", 2)]).toEqual(["🐟…", "ab"]);
  });
});

describe("problems", () => {
  const cycle: Problem = {
    code: "DAG003",
    level: "error",
    message: "tasks form a cycle: load -> check -> load",
    at: { file: "dags/sales.dag.ts", line: 14, column: 11 },
    labels: [{ at: { file: "dags/sales.dag.ts", line: 3, column: 1 }, text: "the first one" }],
    help: "remove `check` from `load`",
  };

  test("have code, place, the line itself with a caret, labels and help", () => {
    const { terminal, err } = aScreen();

    printProblem(terminal.err, cycle, () => "const x = task();");

    expect(err()).toBe(`error[DAG003]: tasks form a cycle: load -> check -> load
  --> dags/sales.dag.ts:14:11
   |
14 | const x = task();
   |           ^
   = note: the first one: dags/sales.dag.ts:3:1
   = help: remove \`check\` from \`load\`
`);
  });

  test("are shown without their line where the file cannot be read", () => {
    const { terminal, err } = aScreen();

    printProblem(terminal.err, { code: "DAG001", level: "warning", message: "odd", at: cycle.at! }, noSource);

    expect(err()).toBe("warning[DAG001]: odd\n  --> dags/sales.dag.ts:14:11\n");
  });

  test("are counted by level", () => {
    const warning: Problem = { ...cycle, level: "warning" };
    expect([problemCount([]), problemCount([cycle, cycle]), problemCount([cycle, warning])]).toEqual([
      "no problems",
      "2 errors",
      "1 error, 1 warning",
    ]);
  });
});

describe("failures", () => {
  test("of the command line exit with 2, others with 1", () => {
    const codes = (["USAGE", "INVALID_PARAMS", "DAG_NOT_FOUND", "HOME_LOCKED"] as const).map((code) =>
      exitCodeOf(failureOf(new FreshetError(code, "no"))!),
    );
    expect(codes).toEqual([2, 2, 1, 1]);
  });

  test("are told on stderr, and nothing on stdout", () => {
    const { terminal, out, err } = aScreen();

    printFailure(terminal, failureOf(new FreshetError("DAG_NOT_FOUND", "there is no dag 'x'"))!, noSource, false);

    expect([out(), err()]).toEqual(["", "error[DAG_NOT_FOUND]: there is no dag 'x'\n"]);
  });

  test("are one JSON object on stdout for programs", () => {
    const { terminal, out, err } = aScreen();

    printFailure(terminal, failureOf(new FreshetError("DAG_NOT_FOUND", "there is no dag 'x'"))!, noSource, true);

    expect([JSON.parse(out()), err()]).toEqual([
      { error: { code: "DAG_NOT_FOUND", message: "there is no dag 'x'", problems: [] } },
      "",
    ]);
  });

  test("a full disk is told as such, whatever was being written", () => {
    const error = Object.assign(new Error("ENOSPC"), { code: "ENOSPC", syscall: "write", path: "/home/x" });

    expect(failureOf(error)).toMatchObject({ code: "DISK_FULL", message: "no space left to write '/home/x'" });
  });

  test("an error that nobody foresaw is a bug of ours, on one line and without its stack", () => {
    const { terminal, err } = aScreen();

    printBug(terminal, new TypeError("x is not a function\n    at y"), "/tmp/crash.txt", false);

    expect(err()).toBe(
      "error[UNEXPECTED]: TypeError: x is not a function (this is a bug in Freshet; the details are in /tmp/crash.txt)\n",
    );
  });
});

describe("tables", () => {
  const columns = [
    { heading: "RUN", cell: (row: readonly string[]) => row[0] ?? "" },
    { heading: "TOOK", cell: (row: readonly string[]) => row[1] ?? "", align: "right" },
    { heading: "CAUSE", cell: (row: readonly string[]) => row[2] ?? "", flexible: true },
  ] as const;

  test("align their columns, painted or not", () => {
    const { terminal, out } = aScreen();

    printTable(terminal.out, columns, [
      ["a", "\u001b[32m2s\u001b[39m", "x"],
      ["bcde", "10s", ""],
    ]);

    expect(stripVTControlCharacters(out())).toBe("RUN   TOOK  CAUSE\na       2s  x\nbcde   10s\n");
  });

  test("give way in their flexible column on a narrow terminal", () => {
    const { terminal, out } = aScreen({ columns: 30 });

    printTable(terminal.out, columns, [["abc", "10s", "a cause that is much too long"]]);

    expect(stripVTControlCharacters(out()).split("\n")[1]).toBe("abc   10s  a cause that is mu…");
  });
});

describe("colours", () => {
  test("are only for terminals", () => {
    expect(aScreen().terminal.out.paint("red", "x")).toBe("x");
  });

  test("are there on a terminal", () => {
    expect(aScreen({ columns: 80 }).terminal.out.paint("red", "x")).toBe("\u001b[31mx\u001b[39m");
  });
});

describe("a reader that has gone", () => {
  test("is no fault: what is printed then is dropped, and the command is told", async () => {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error("EPIPE"), { code: "EPIPE" }));
      },
    });
    const terminal = createTerminal(stream, aStream(undefined, []));

    terminal.out.line("first");
    await new Promise((resolve) => void setImmediate(resolve));
    terminal.out.line("second");

    expect(terminal.closed.aborted).toBe(true);
  });
});

describe("times", () => {
  const noon = instant(Date.UTC(2026, 2, 1, 12));

  test("are to the second, in UTC", () => {
    expect([timeText("2026-03-01T04:00:03.120Z"), timeText("2026-03-01T04:00:03Z"), timeText(null)]).toEqual([
      "2026-03-01 04:00:03Z",
      "2026-03-01 04:00:03Z",
      "-",
    ]);
  });

  test("are told from now", () => {
    expect([agoText("2026-03-01T11:57:00Z", noon), agoText("2026-03-01T12:00:30Z", noon)]).toEqual([
      "3m ago",
      "in 30s",
    ]);
  });

  test("a whole day of the zone is its date, days are their dates, the rest is both ends", () => {
    const covers = (start: string, end: string, zone = "UTC"): string => intervalText({ start, end }, zone);
    expect([
      covers("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", "America/New_York"),
      covers("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
      covers("2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z"),
      covers("2026-03-01T05:00:00Z", "2026-03-02T05:00:00Z"),
    ]).toEqual([
      "2026-03-08",
      "2026-03-01",
      "2026-03-01 to 2026-03-08",
      "2026-03-01 05:00:00Z to 2026-03-02 05:00:00Z",
    ]);
  });
});

describe("log lines", () => {
  test("show time, level, message and fields; what follows a line feed stands below", () => {
    const { terminal } = aScreen();

    const text = logText(terminal.out, {
      at: "2026-03-01T04:00:03.12Z",
      level: "info",
      message: "read\nit \u001b[2J",
      fields: { rows: 12 },
    });

    expect(text).toBe('04:00:03.120 info  read\n                   it \\x1b[2J {"rows":12}');
  });
});
