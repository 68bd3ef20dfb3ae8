/**
 * The code of a page. A block `ts file=NAME` belongs to that file, after the blocks of the same name before it. A block
 * `ts fails file=NAME` is what somebody might add to it and what does not compile; the `text` block after it is the compiler's
 * message.
 */
export interface Examples {
  readonly files: ReadonlyMap<string, string>;
  readonly failures: readonly Failure[];
}

interface Failure {
  /** The file with what was added. */
  readonly code: string;
  readonly message: string;
}

const BLOCK = /```(\w+)([^\n]*)\n([\s\S]*?)```/g;

export function examplesIn(page: string): Examples {
  const files = new Map<string, string>();
  const failures: Failure[] = [];
  const blocks = [...page.matchAll(BLOCK)].map(([, language = "", info = "", code = ""]) => ({ language, info, code }));
  for (const [index, { language, info, code }] of blocks.entries()) {
    if (language !== "ts") continue;
    const file = /\bfile=(\S+)/.exec(info)?.[1];
    if (file === undefined) throw new Error(`a block of code names no file: ${code}`);
    const before = files.get(file) ?? "";
    if (!info.includes("fails")) files.set(file, before + code);
    else failures.push({ code: before + code, message: (blocks[index + 1]?.code ?? "").trim() });
  }
  return { files, failures };
}
