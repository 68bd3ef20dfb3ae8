/** A protocol bug, as a change of the source. */
export interface PlantedBug {
  readonly name: string;
  /** Each must be found exactly once; the last line of `find` and all of `replace` are code. */
  readonly changes: readonly {
    readonly file: string;
    readonly find: string;
    readonly replace: string;
  }[];
  /** The promises that it breaks, any of which may be the first to be seen broken. */
  readonly breaks: readonly string[];
}
