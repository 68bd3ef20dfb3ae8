/** What a process of Freshet's own is started with, before its file: see own-types.mjs. */
export const OWN_TYPES_FLAGS: readonly string[] = import.meta.url.includes("/node_modules/")
  ? ["--import", new URL("own-types.mjs", import.meta.url).href]
  : [];
