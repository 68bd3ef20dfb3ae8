/**
 * Where a key lies on disk, and back. An ordinary key is its own path: `raw/orders/x.csv` is the file `raw/orders/x.csv`,
 * whoever put it there. What no file system can hold as it is gets an escaped name, and every name is the name of one key:
 *
 * - A part between slashes that is empty, `.`, `..`, holds control characters or begins like an escaped name is written
 *   `%%` and the part, with `%` and control characters as `%XX`. So `a//b` is `a/%%/b`, and the key `a/` is `a/%%`.
 * - A part that is too long for a file name is written in pieces, each but the last a folder `%&` and the piece.
 * - A file whose name is taken by a folder stands beside it, as `%=` and the part: with `a/b` there, `a` is `%=a`.
 *
 * A file that has such a name without being what the key's own path would be is not an object.
 */

/** Of a key, in UTF-8: as S3 has it. */
const KEY_BYTES_MAX = 1024;
/** Of a file name, on all file systems we know. */
const NAME_BYTES_MAX = 255;
/** Of a piece of a long part; the rest is room for the prefix. */
const PIECE_BYTES_MAX = 250;

const ESCAPED = "%%";
const PIECE = "%&";
const BESIDE = "%=";

export interface KeyPath {
  /** Names of folders and, last, of the file. */
  readonly own: readonly string[];
  /** The same, for when `own` is a folder. */
  readonly beside: readonly string[];
}

/** Why `key` cannot be a key, as the end of a sentence; undefined if it can. */
export function keyFault(key: string): string | undefined {
  const rule = `a key is text of 1 to ${KEY_BYTES_MAX} bytes of UTF-8`;
  if (key === "") return `is empty; ${rule}`;
  if (!key.isWellFormed()) return `has half of a surrogate pair; ${rule}`;
  const bytes = Buffer.byteLength(key);
  return bytes > KEY_BYTES_MAX ? `has ${bytes} bytes; ${rule}` : undefined;
}

/** The names that make up the path of a key. */
export function pathOfKey(key: string, windows = process.platform === "win32"): KeyPath {
  const parts = key.split("/");
  const last = parts.pop() ?? "";
  const folders = parts.flatMap((part) => namesOf(part, windows));
  return {
    own: [...folders, ...namesOf(last, windows)],
    beside: [...folders, ...pieces(BESIDE, escape(last, windows))],
  };
}

/** The names of the folder that holds all keys beginning with `prefix`, up to its last slash. */
export function folderOfPrefix(prefix: string, windows = process.platform === "win32"): readonly string[] {
  return prefix
    .split("/")
    .slice(0, -1)
    .flatMap((part) => namesOf(part, windows));
}

/** The key of the file at these names; undefined if it is none. */
export function keyOfPath(names: readonly string[], windows = process.platform === "win32"): string | undefined {
  const parts: string[] = [];
  let begun = "";
  let beside = false;
  for (const [index, name] of names.entries()) {
    if (name.startsWith(PIECE)) {
      begun += name.slice(PIECE.length);
      continue;
    }
    beside = name.startsWith(BESIDE);
    if (beside && index < names.length - 1) return undefined;
    const escaped = beside || name.startsWith(ESCAPED);
    if (!escaped && begun !== "") return undefined;
    parts.push(escaped ? unescape(begun + name.slice(ESCAPED.length)) : name);
    begun = "";
  }
  const key = parts.join("/");
  if (begun !== "" || keyFault(key) !== undefined) return undefined;
  const path = pathOfKey(key, windows);
  return sameNames(beside ? path.beside : path.own, names) ? key : undefined;
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index]);

function namesOf(part: string, windows: boolean): string[] {
  const escaped = escape(part, windows);
  const plain =
    part !== "" &&
    part !== "." &&
    part !== ".." &&
    !/^%[%&=]/.test(part) &&
    // Without its percent signs an escaped part is longer than a plain one exactly where something had to be escaped.
    escaped.replaceAll("%25", "%") === part &&
    !(windows && WINDOWS_DEVICE.test(part)) &&
    Buffer.byteLength(part) <= NAME_BYTES_MAX;
  return plain ? [part] : pieces(ESCAPED, escaped);
}

// eslint-disable-next-line no-control-regex -- They are what is looked for.
const CONTROL = /[%\u0000-\u001f\u007f]/g;
/** Windows also refuses these, and drops dots and spaces at the end. */
const WINDOWS_SPECIAL = /[<>:"|?*\\]|[. ]$/g;
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

function escape(part: string, windows: boolean): string {
  const hex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  const escaped = part.replaceAll(CONTROL, hex);
  return windows ? escaped.replaceAll(WINDOWS_SPECIAL, hex) : escaped;
}

/** Whatever is malformed comes out as something that is escaped otherwise, and so is no key. */
const unescape = (text: string): string =>
  text.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** An escaped part as file names: in one, or cut between characters. */
function pieces(prefix: string, escaped: string): string[] {
  const names: string[] = [];
  let rest = escaped;
  while (Buffer.byteLength(rest) > PIECE_BYTES_MAX) {
    const piece = headOf(rest);
    names.push(PIECE + piece);
    rest = rest.slice(piece.length);
  }
  return [...names, prefix + rest];
}

/** As many whole characters and escapes as fit into a piece. */
function headOf(text: string): string {
  let bytes = 0;
  let end = 0;
  for (const [token] of text.matchAll(/%[0-9A-F]{2}|./gsu)) {
    bytes += Buffer.byteLength(token);
    if (bytes > PIECE_BYTES_MAX) break;
    end += token.length;
  }
  return text.slice(0, end);
}
