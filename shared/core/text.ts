/** Texts that come from anywhere, as records and people take them. */

/** `lengthMax` letters at the most; what is cut off shows. */
export const shortened = (text: string, lengthMax: number): string =>
  text.length <= lengthMax ? text : `${text.slice(0, Math.max(0, lengthMax - 1)).toWellFormed()}…`;

/** Without what would begin a new line or move a cursor. */
export const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, " ").trim();
