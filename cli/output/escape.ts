/** Text that came from elsewhere (logs, errors, keys, names), made safe to print: it can neither move the cursor nor lie. */

/**
 * Control characters (C0 but for tab and line feed, DEL, C1), and the marks that reorder what is read on a line
 * (Trojan Source). Line feeds are left to the caller, who knows whether a second line may come.
 */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNSAFE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g;

const visible = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
};

/** With what is unsafe as `\x1b`; may have several lines. */
export const safeText = (text: string): string => text.replaceAll("\r\n", "\n").replace(UNSAFE, visible);

/** The same on one line: line feeds become `\n`, tabs spaces. */
export const safeLine = (text: string): string => safeText(text).replaceAll("\n", "\\n").replaceAll("\t", " ");

/** At most `length` characters; what is cut off shows as `…`. */
export function shorten(text: string, length: number): string {
  const characters = Array.from(text);
  if (characters.length <= length) return text;
  return `${characters.slice(0, Math.max(0, length - 1)).join("")}…`;
}
