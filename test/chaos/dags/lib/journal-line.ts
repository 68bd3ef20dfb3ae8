/** A line of the journal that all tasks of the chaos world write. */
export interface JournalLine {
  /** `beside`: an older attempt's process was there when this one began. `wrong-input`: an input was another task's. */
  readonly at: "start" | "beat" | "end" | "beside" | "wrong-input";
  readonly run: string;
  readonly task: string;
  readonly attempt: number;
  /** On the machine's monotonic clock. */
  readonly ns: string;
  /** Of a start. */
  readonly pid?: number;
  /** Of a start: when the process began, so that a process id that was given again is known. */
  readonly born?: string;
  /** Of an end: `success`, `failure` or `stopped`. */
  readonly text?: string;
}
